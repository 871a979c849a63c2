-- Up to when do the marts go: the last day with a sale, and when they were last brought up to date?
SELECT
    ultima_venta,
    actualizado_en
FROM mart.posicion;
