-- What is the same in every version? Attributes without a history, and whether the source still has the customer.
WITH overwritten AS (
    UPDATE dw.dim_cliente AS version
    SET
        genero = current_version.genero,
        anio_nacimiento = current_version.anio_nacimiento,
        id_campana_origen = current_version.id_campana_origen,
        fecha_registro = current_version.fecha_registro,
        activo = current_version.activo,
        eliminado = NOT staged.found
    FROM staged_dim_cliente AS staged
    JOIN dw.dim_cliente AS current_version ON
        current_version.id_cliente = staged.id_cliente AND current_version.es_actual
    WHERE
        version.id_cliente = staged.id_cliente
        AND NOT version.es_inferido
        AND (
            version.genero, version.anio_nacimiento, version.id_campana_origen, version.fecha_registro,
            version.activo, version.eliminado
        ) IS DISTINCT FROM (
            current_version.genero, current_version.anio_nacimiento, current_version.id_campana_origen,
            current_version.fecha_registro, current_version.activo, NOT staged.found
        )
    RETURNING version.id_cliente
)
INSERT INTO touched (tabla, accion, id_cliente)
SELECT 'dim_cliente', 'OVERWRITE', id_cliente FROM overwritten
