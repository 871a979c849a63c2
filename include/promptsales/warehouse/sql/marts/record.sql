-- Up to where are the marts now, and what is their version? It grows where anything that readers see has changed.
WITH seen AS (
    SELECT
        (SELECT max(fecha) FROM dw.hecho_venta WHERE fecha <= current_date) AS ultima_venta,
        (
            SELECT coalesce(array_agg(DISTINCT mart ORDER BY mart), '{{}}')
            FROM (SELECT mart FROM touched_marts UNION SELECT 'canal' WHERE {channels_changed}) AS names
        ) AS cambiadas
),
decided AS (
    SELECT
        seen.*,
        posicion.version + (
            seen.cambiadas <> '{{}}' OR seen.ultima_venta IS DISTINCT FROM posicion.ultima_venta
        )::integer AS version
    FROM seen
    CROSS JOIN mart.posicion
)
UPDATE mart.posicion
SET
    id_refresco = {high},
    version = decided.version,
    cambiadas = CASE WHEN decided.version = posicion.version THEN posicion.cambiadas ELSE decided.cambiadas END,
    ultima_venta = decided.ultima_venta
FROM decided
RETURNING posicion.version
