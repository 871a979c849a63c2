-- Which new contacts have waited longest?
-- table: PromptCRM dbo.leads
-- key: id_lead
-- columns: id_lead, id_campana, id_cliente, estado, puntaje, creado_en
-- index: IX_leads_estado (estado, creado_en) INCLUDE (id_campana, puntaje)
-- values: SELECT N'nuevo' AS estado UNION ALL SELECT N'contactado' UNION ALL SELECT N'calificado'
SELECT TOP (20) id_campana, creado_en, puntaje
FROM {table}
WHERE estado = %(estado)s
ORDER BY creado_en;
