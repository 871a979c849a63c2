-- How many customers does a city have, by segment?
-- table: PromptCRM dbo.clientes
-- key: id_cliente
-- columns: id_cliente, correo_hash, codigo_pais, region, ciudad, segmento, activo, id_campana_origen
-- index: IX_clientes_lugar (codigo_pais, region, ciudad) INCLUDE (segmento, activo)
-- values: SELECT TOP (5) codigo_pais, region, ciudad FROM dbo.clientes GROUP BY codigo_pais, region, ciudad ORDER BY codigo_pais, region, ciudad
SELECT segmento, COUNT(*) AS clientes
FROM {table}
WHERE codigo_pais = %(codigo_pais)s AND region = %(region)s AND ciudad = %(ciudad)s AND activo = 1
GROUP BY segmento;
