-- What was measured in a run?
SELECT
    motor AS engine,
    servidor AS server,
    consulta AS query,
    pregunta AS question,
    sentencia AS statement,
    tabla AS "table",
    filas_tabla AS table_rows,
    indice AS index,
    fase AS phase,
    filas AS rows,
    lecturas AS reads,
    unidad_lecturas AS reads_unit,
    milisegundos AS milliseconds,
    usa_indice AS uses_index,
    coalesce(plan, to_jsonb(plan_xml::text)) AS plan
FROM ops.index_benchmarks
WHERE corrida = %(run)s
ORDER BY id_medicion
