-- How old is what the marts are made of, table by table, and did a load fail since?
SELECT
    fuente,
    tabla,
    segundos,
    filas,
    rechazadas,
    ultimo_fallo,
    segundos_retenida
FROM mart.frescura_etl
ORDER BY fuente, tabla;
