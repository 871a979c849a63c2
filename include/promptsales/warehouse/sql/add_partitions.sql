-- Which months of performance have no partition yet?
SELECT dw.crear_particion(months.first_day)
FROM (SELECT DISTINCT date_trunc('month', fecha)::date AS first_day FROM staged_hecho_rendimiento) AS months
