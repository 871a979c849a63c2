-- What is older than a year.
WITH
benchmarks AS (DELETE FROM ops.index_benchmarks WHERE momento < now() - interval '1 year'),
statements AS (DELETE FROM ops.consultas_costosas WHERE momento < now() - interval '1 year')

DELETE FROM ops.mediciones_omitidas WHERE momento < now() - interval '1 year'
