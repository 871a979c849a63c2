-- Which indexes cost writes and disk, and were never read since the statistics began? Keys are left out: they are there
-- for what they forbid.
SELECT
    indice.schemaname AS esquema,
    indice.relname AS tabla,
    indice.indexrelname AS indice,
    pg_size_pretty(pg_relation_size(indice.indexrelid)) AS tamano,
    base.stats_reset AS estadisticas_desde
FROM pg_stat_user_indexes AS indice
INNER JOIN pg_index AS definicion USING (indexrelid)
INNER JOIN pg_stat_database AS base ON base.datname = current_database()
WHERE indice.idx_scan = 0 AND NOT definicion.indisunique
ORDER BY pg_relation_size(indice.indexrelid) DESC, indice.schemaname, indice.indexrelname
LIMIT 20;
