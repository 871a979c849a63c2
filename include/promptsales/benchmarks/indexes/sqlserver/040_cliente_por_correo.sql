-- Is there a customer with this e-mail? By its keyed hash.
-- table: PromptCRM dbo.clientes
-- key: id_cliente
-- columns: id_cliente, correo_hash, codigo_pais, region, ciudad, segmento, activo, id_campana_origen
-- index: IX_clientes_correo_hash (correo_hash)
-- values: SELECT TOP (5) CONVERT(varchar(64), correo_hash, 2) AS correo FROM dbo.clientes ORDER BY id_cliente DESC
SELECT id_cliente, segmento, activo
FROM {table}
WHERE correo_hash = CONVERT(binary(32), %(correo)s, 2);
