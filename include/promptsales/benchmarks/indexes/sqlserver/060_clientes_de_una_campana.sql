-- How many customers did a campaign win?
-- table: PromptCRM dbo.clientes
-- key: id_cliente
-- columns: id_cliente, correo_hash, codigo_pais, region, ciudad, segmento, activo, id_campana_origen
-- index: IX_clientes_id_campana_origen (id_campana_origen)
-- values: SELECT TOP (5) id_campana_origen FROM dbo.clientes GROUP BY id_campana_origen ORDER BY id_campana_origen
SELECT COUNT(*) AS clientes
FROM {table}
WHERE id_campana_origen = %(id_campana_origen)s;
