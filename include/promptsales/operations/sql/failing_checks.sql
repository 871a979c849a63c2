-- Which checks of data quality did not pass when they were asked last? A task that is tried again asks them all anew,
-- under the name of the same run.
SELECT
    chequeo,
    gravedad,
    filas,
    mensaje
FROM (
    SELECT DISTINCT ON (chequeo)
        chequeo,
        gravedad,
        estado,
        filas,
        mensaje
    FROM ops.quality_results
    WHERE corrida = (SELECT corrida FROM ops.quality_results ORDER BY momento DESC LIMIT 1)
    ORDER BY chequeo ASC, momento DESC
) AS asked_last
WHERE estado <> 'pasa'
ORDER BY gravedad DESC, chequeo ASC
