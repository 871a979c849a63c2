-- Which customers do sales and leads refer to before they have arrived? Their facts need a version to point to.
WITH referred AS (
    SELECT ventas.id_cliente
    FROM affected_hecho_venta
    JOIN ods_promptcrm.ventas AS ventas USING (id_venta)
    UNION
    SELECT leads.id_cliente
    FROM affected_hecho_lead
    JOIN ods_promptcrm.leads AS leads USING (id_lead)
    WHERE leads.id_cliente IS NOT NULL
),
inferred AS (
    INSERT INTO dw.dim_cliente (id_cliente, es_inferido)
    SELECT referred.id_cliente, TRUE
    FROM referred
    WHERE NOT EXISTS (SELECT FROM dw.dim_cliente AS held WHERE held.id_cliente = referred.id_cliente)
    RETURNING id_cliente
)
INSERT INTO touched (tabla, accion, id_cliente)
SELECT 'dim_cliente', 'INSERT', id_cliente FROM inferred
