-- Which members do rows refer to before they have arrived? They are there under their key until then.
WITH inferred AS (
    INSERT INTO {dimension} ({key}, es_inferido)
    SELECT DISTINCT staged.{column}, TRUE
    FROM {staged} AS staged
    WHERE
        staged.{column} IS NOT NULL
        AND NOT EXISTS (SELECT FROM {dimension} AS held WHERE held.{key} = staged.{column})
    RETURNING {key}
)
INSERT INTO touched (tabla, accion, clave)
SELECT {name}, 'INSERT', {key} FROM inferred
