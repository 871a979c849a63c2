-- Which members differ from what the mirrors now say? One that arrives completes its inferred row in place; one that
-- the source deleted is marked, and goes when no fact refers to it any longer.
WITH different AS (
    SELECT {affected_key}, {staged_columns}, staged.{first_key} IS NOT NULL AS found
    FROM {affected} AS affected
    LEFT JOIN {staged} AS staged USING ({key})
    LEFT JOIN {target} AS held USING ({key})
    WHERE
        CASE
            WHEN staged.{first_key} IS NULL THEN NOT held.eliminado AND NOT held.es_inferido
            ELSE ({staged_all}, false, false) IS DISTINCT FROM ({held_all}, held.es_inferido, held.eliminado)
        END
),
merged AS (
    MERGE INTO {target} AS target
    USING different ON {same_key}
    WHEN MATCHED AND NOT different.found THEN UPDATE SET eliminado = TRUE
    WHEN MATCHED THEN UPDATE SET {assignments}, es_inferido = FALSE, eliminado = FALSE
    WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({different_columns})
    RETURNING merge_action() AS accion, target.{first_key} AS clave
)
INSERT INTO touched (tabla, accion, clave)
SELECT {name}, accion, clave FROM merged
