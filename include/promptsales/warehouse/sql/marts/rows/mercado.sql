-- What are the markets called, and where are they?
SELECT id_mercado, pais, coalesce(codigo_pais, 'ZZ') AS codigo_pais, region, ciudad
FROM dw.dim_mercado
