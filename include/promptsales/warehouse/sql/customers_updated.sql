-- Which current versions are to be mended in place? Inferred ones that have arrived, attributes without a history, and
-- a second change at the same instant as the first.
WITH updated AS (
    UPDATE dw.dim_cliente AS version
    SET
        segmento = staged.segmento,
        pais = staged.pais,
        codigo_pais = staged.codigo_pais,
        region = staged.region,
        ciudad = staged.ciudad,
        latitud = staged.latitud,
        longitud = staged.longitud,
        genero = staged.genero,
        anio_nacimiento = staged.anio_nacimiento,
        id_campana_origen = staged.id_campana_origen,
        fecha_registro = staged.fecha_registro,
        activo = staged.activo,
        es_inferido = FALSE,
        eliminado = FALSE
    FROM staged_dim_cliente AS staged
    WHERE
        version.id_cliente = staged.id_cliente
        AND version.es_actual
        AND staged.found
        AND (
            version.segmento, version.pais, version.codigo_pais, version.region, version.ciudad, version.latitud,
            version.longitud, version.genero, version.anio_nacimiento, version.id_campana_origen,
            version.fecha_registro, version.activo, version.es_inferido, version.eliminado
        ) IS DISTINCT FROM (
            staged.segmento, staged.pais, staged.codigo_pais, staged.region, staged.ciudad, staged.latitud,
            staged.longitud, staged.genero, staged.anio_nacimiento, staged.id_campana_origen,
            staged.fecha_registro, staged.activo, FALSE, FALSE
        )
    RETURNING version.id_cliente
)
INSERT INTO touched (tabla, accion, id_cliente)
SELECT 'dim_cliente', 'UPDATE', id_cliente FROM updated
