-- Of which campaigns do PromptAds' revenue and PromptCRM's sales differ, by a cent or more?
WITH promptads AS (
    SELECT
        id_campana,
        sum(ingresos) AS total
    FROM ods_promptads.rendimiento_diario
    GROUP BY id_campana
),
promptcrm AS (
    SELECT
        id_campana,
        sum(total) AS total
    FROM ods_promptcrm.ventas
    GROUP BY id_campana
)
SELECT
    jsonb_build_object(
        'id_campana', id_campana,
        'promptads', coalesce(promptads.total, 0),
        'promptcrm', coalesce(promptcrm.total, 0)
    ) AS row
FROM promptads
FULL JOIN promptcrm USING (id_campana)
WHERE coalesce(promptads.total, 0) <> coalesce(promptcrm.total, 0)
