-- What became of the contacts of a campaign?
-- table: PromptCRM dbo.leads
-- key: id_lead
-- columns: id_lead, id_campana, id_cliente, estado, puntaje, creado_en
-- index: IX_leads_id_campana (id_campana)
-- values: SELECT TOP (5) id_campana FROM dbo.leads GROUP BY id_campana ORDER BY id_campana
SELECT estado, COUNT(*) AS leads
FROM {table}
WHERE id_campana = %(id_campana)s
GROUP BY estado;
