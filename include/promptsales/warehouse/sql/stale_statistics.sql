-- Which tables of dw changed so much that the planner should look at them again? By autovacuum's own default measure.
SELECT changes.tabla
FROM (SELECT tabla, count(*) AS filas FROM touched GROUP BY tabla) AS changes
JOIN pg_class ON pg_class.oid = to_regclass('dw.' || changes.tabla)
WHERE changes.filas > 50 + 0.1 * greatest(pg_class.reltuples, 0)
