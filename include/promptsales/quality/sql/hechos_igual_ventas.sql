-- Of which campaigns do the sales of PromptCRM's mirror and of the star schema differ? Sales that were loaded since the
-- star schema last followed the mirror are left out on both sides: the next refresh brings them. Where it never did, or
-- is to compare the mirror whole, none is.
WITH followed AS (
    SELECT coalesce(max(load_id), 9223372036854775807) AS load_id
    FROM dw.posiciones
    WHERE fuente = 'promptcrm' AND tabla = 'ventas'
),
waiting AS (
    SELECT id_venta
    FROM ods_promptcrm.ventas
    WHERE _load_id > (SELECT load_id FROM followed)
    UNION
    SELECT (row_key ->> 0)::integer
    FROM etl.deleted_rows
    WHERE source = 'promptcrm' AND table_name = 'ventas' AND load_id > (SELECT load_id FROM followed)
),
mirrored AS (
    SELECT
        id_campana,
        sum(total) AS total,
        count(*) AS sales
    FROM ods_promptcrm.ventas
    WHERE NOT EXISTS (SELECT FROM waiting WHERE waiting.id_venta = ventas.id_venta)
    GROUP BY id_campana
),
derived AS (
    SELECT
        id_campana,
        sum(total) AS total,
        count(*) AS sales
    FROM dw.hecho_venta
    WHERE NOT EXISTS (SELECT FROM waiting WHERE waiting.id_venta = hecho_venta.id_venta)
    GROUP BY id_campana
)
SELECT jsonb_build_object('id_campana', id_campana, 'espejo', mirrored.total, 'hechos', derived.total) AS row
FROM mirrored
FULL JOIN derived USING (id_campana)
WHERE (mirrored.total, mirrored.sales) IS DISTINCT FROM (derived.total, derived.sales)
