-- What could not be measured in a run, and why?
SELECT motor AS engine, medicion AS measurement, motivo AS reason
FROM ops.mediciones_omitidas
WHERE corrida = %(run)s
ORDER BY id_omision
