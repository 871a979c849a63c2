-- Which checks of data quality did not pass when they were asked last?
SELECT
    chequeo,
    gravedad,
    filas,
    mensaje
FROM ops.quality_results
WHERE
    corrida = (SELECT corrida FROM ops.quality_results ORDER BY momento DESC LIMIT 1)
    AND estado <> 'pasa'
ORDER BY gravedad DESC, chequeo
