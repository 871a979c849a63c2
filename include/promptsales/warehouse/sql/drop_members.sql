-- Which members are only there because facts referred to them, and no longer do?
WITH dropped AS (
    DELETE FROM {dimension} AS dimension
    WHERE (es_inferido OR eliminado) AND NOT ({referred})
    RETURNING {key}
)
INSERT INTO touched (tabla, accion, {touched_key})
SELECT {name}, 'DELETE', {key} FROM dropped
