-- Which customers changed segment or place? Their version ends when the load that said so was committed.
WITH closed AS (
    UPDATE dw.dim_cliente AS version
    SET vigente_hasta = staged.desde, es_actual = FALSE
    FROM staged_dim_cliente AS staged
    WHERE
        version.id_cliente = staged.id_cliente
        AND version.es_actual
        AND staged.found
        AND NOT version.es_inferido
        AND version.vigente_desde < staged.desde
        AND (
            version.segmento, version.pais, version.codigo_pais, version.region, version.ciudad, version.latitud,
            version.longitud
        ) IS DISTINCT FROM (
            staged.segmento, staged.pais, staged.codigo_pais, staged.region, staged.ciudad, staged.latitud,
            staged.longitud
        )
    RETURNING version.id_cliente
)
INSERT INTO touched (tabla, accion, id_cliente)
SELECT 'dim_cliente', 'UPDATE', id_cliente FROM closed
