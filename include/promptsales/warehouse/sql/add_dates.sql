-- Which days does the calendar lack? Whole years of them.
WITH years AS (
    SELECT DISTINCT date_trunc('year', staged.fecha) AS first_day
    FROM {staged} AS staged
    WHERE
        staged.fecha IS NOT NULL
        AND NOT EXISTS (SELECT FROM dw.dim_fecha AS held WHERE held.fecha = staged.fecha)
),
days AS (
    SELECT generate_series(first_day, first_day + interval '1 year' - interval '1 day', interval '1 day')::date AS day
    FROM years
)
INSERT INTO dw.dim_fecha (
    fecha, anio, trimestre, mes, nombre_mes, dia, anio_iso, semana_iso, dia_semana, nombre_dia, es_fin_de_semana,
    primer_dia_mes
)
SELECT
    day,
    extract(YEAR FROM day),
    extract(QUARTER FROM day),
    extract(MONTH FROM day),
    (ARRAY[
        'enero', 'febrero', 'marzo', 'abril', 'mayo', 'junio', 'julio', 'agosto', 'septiembre', 'octubre',
        'noviembre', 'diciembre'
    ])[extract(MONTH FROM day)],
    extract(DAY FROM day),
    extract(ISOYEAR FROM day),
    extract(WEEK FROM day),
    extract(ISODOW FROM day),
    (ARRAY['lunes', 'martes', 'miercoles', 'jueves', 'viernes', 'sabado', 'domingo'])[extract(ISODOW FROM day)],
    extract(ISODOW FROM day) > 5,
    date_trunc('month', day)
FROM days
