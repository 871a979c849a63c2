INSERT INTO ops.index_benchmarks (
    corrida, motor, servidor, consulta, pregunta, sentencia, tabla, filas_tabla, indice, fase, filas, lecturas,
    unidad_lecturas, milisegundos, mediana_ms, usa_indice, plan, plan_xml
)
VALUES (
    %(run)s, %(engine)s, %(server)s, %(query)s, %(question)s, %(statement)s, %(table)s, %(table_rows)s, %(index)s,
    %(phase)s, %(rows)s, %(reads)s, %(reads_unit)s, %(milliseconds)s, %(median)s, %(uses_index)s, %(plan)s,
    xmlparse(DOCUMENT %(plan_xml)s)
)
