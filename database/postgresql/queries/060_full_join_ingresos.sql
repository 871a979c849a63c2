-- FULL JOIN: do PromptAds and PromptCRM tell the same revenue, campaign by campaign, and who knows of which alone?
--
-- Each side may have a campaign that the other has not; an inner or a left join would hide it. In a sound warehouse the
-- answer is one row, "iguales".
WITH promptads AS (
    SELECT id_campana, sum(ingresos) AS ingresos
    FROM dw.hecho_rendimiento
    GROUP BY id_campana
    HAVING sum(ingresos) <> 0
),
promptcrm AS (
    SELECT id_campana, sum(total) AS ingresos
    FROM dw.hecho_venta
    GROUP BY id_campana
)
SELECT
    CASE
        WHEN promptads.id_campana IS NULL THEN 'solo en PromptCRM'
        WHEN promptcrm.id_campana IS NULL THEN 'solo en PromptAds'
        WHEN promptads.ingresos <> promptcrm.ingresos THEN 'distintos'
        ELSE 'iguales'
    END AS ingresos,
    count(*) AS campanas,
    coalesce(sum(promptads.ingresos), 0) AS en_promptads,
    coalesce(sum(promptcrm.ingresos), 0) AS en_promptcrm
FROM promptads
FULL JOIN promptcrm USING (id_campana)
GROUP BY 1
ORDER BY campanas DESC;
