-- Which of the affected rows differ from what the mirrors now say? Those alone are written.
WITH different AS (
    SELECT
        {affected_key},
        {staged_columns},
        staged.{first_key} IS NOT NULL AS found,
        {before}
    FROM {affected} AS affected
    LEFT JOIN {staged} AS staged USING ({key})
    LEFT JOIN {target} AS held USING ({key})
    WHERE ({staged_all}) IS DISTINCT FROM ({held_all})
),
merged AS (
    MERGE INTO {target} AS target
    USING different ON {same_key}
    WHEN MATCHED AND NOT different.found THEN DELETE
    WHEN MATCHED THEN UPDATE SET {assignments}
    WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({different_columns})
    RETURNING merge_action() AS accion, different.*
)
INSERT INTO touched (
    tabla, accion, id_campana_antes, fecha_antes, id_cliente_antes, id_campana, fecha, id_cliente
)
SELECT {name}, accion, id_campana_antes, fecha_antes, id_cliente_antes, {after}
FROM merged
