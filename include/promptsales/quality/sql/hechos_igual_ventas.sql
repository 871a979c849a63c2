-- Of which campaigns do the sales of PromptCRM's mirror and of the star schema differ?
WITH mirrored AS (
    SELECT
        id_campana,
        sum(total) AS total,
        count(*) AS sales
    FROM ods_promptcrm.ventas
    GROUP BY id_campana
),
derived AS (
    SELECT
        id_campana,
        sum(total) AS total,
        count(*) AS sales
    FROM dw.hecho_venta
    GROUP BY id_campana
)
SELECT jsonb_build_object('id_campana', id_campana, 'espejo', mirrored.total, 'hechos', derived.total) AS row
FROM mirrored
FULL JOIN derived USING (id_campana)
WHERE (mirrored.total, mirrored.sales) IS DISTINCT FROM (derived.total, derived.sales)
