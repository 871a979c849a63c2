-- How old is what is derived from the mirrors?
SELECT
    tabla,
    segundos::double precision AS segundos,
    coalesce(filas, 0) AS filas
FROM mart.frescura_etl
WHERE fuente = 'promptsales'
ORDER BY tabla
