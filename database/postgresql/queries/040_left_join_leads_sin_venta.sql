-- LEFT JOIN: which campaigns interest people and sell them little: how many leads for each sale?
--
-- A campaign without a sale keeps its row: it is the worst answer, not a missing one.
WITH leads AS (
    SELECT id_campana, count(*) AS leads
    FROM dw.hecho_lead
    GROUP BY id_campana
),
ventas AS (
    SELECT id_campana, count(*) AS ventas
    FROM dw.hecho_venta
    GROUP BY id_campana
)
SELECT
    leads.id_campana,
    campana.nombre,
    campana.estado,
    leads.leads,
    coalesce(ventas.ventas, 0) AS ventas,
    round(leads.leads::numeric / ventas.ventas, 2) AS leads_por_venta
FROM leads
LEFT JOIN ventas USING (id_campana)
LEFT JOIN dw.dim_campana AS campana USING (id_campana)
ORDER BY leads_por_venta DESC NULLS FIRST, leads.id_campana
LIMIT 20;
