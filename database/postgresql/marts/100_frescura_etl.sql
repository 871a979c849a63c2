-- mart.frescura_etl: how old is what the marts are made of, oldest first, and did a load fail since?
SELECT
    fuente,
    tabla,
    segundos,
    filas,
    rechazadas,
    ultimo_fallo,
    segundos_retenida
FROM mart.frescura_etl
ORDER BY ultimo_fallo DESC NULLS LAST, segundos DESC;
