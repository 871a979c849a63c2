-- Which customers have no current version? The first of all is valid since ever, so that older sales find it.
WITH opened AS (
    INSERT INTO dw.dim_cliente (
        id_cliente, segmento, pais, codigo_pais, region, ciudad, latitud, longitud, genero, anio_nacimiento,
        id_campana_origen, fecha_registro, activo, vigente_desde
    )
    SELECT
        staged.id_cliente, staged.segmento, staged.pais, staged.codigo_pais, staged.region, staged.ciudad,
        staged.latitud, staged.longitud, staged.genero, staged.anio_nacimiento, staged.id_campana_origen,
        staged.fecha_registro, staged.activo, coalesce(last_version.vigente_hasta, '-infinity')
    FROM staged_dim_cliente AS staged
    LEFT JOIN (
        SELECT id_cliente, max(vigente_hasta) AS vigente_hasta
        FROM dw.dim_cliente
        JOIN staged_dim_cliente USING (id_cliente)
        GROUP BY id_cliente
    ) AS last_version USING (id_cliente)
    WHERE staged.found AND last_version.vigente_hasta IS DISTINCT FROM 'infinity'
    RETURNING id_cliente
)
INSERT INTO touched (tabla, accion, id_cliente)
SELECT 'dim_cliente', 'INSERT', id_cliente FROM opened
