-- PromptCRM, stand-in: indexes for reports over a range of days. The counterpart of schema/085_report_indexes.sql.

CREATE INDEX IF NOT EXISTS IX_ventas_fecha ON dbo.ventas (fecha) INCLUDE (id_cliente, id_campana, total, moneda);
CREATE INDEX IF NOT EXISTS IX_leads_creado_en
ON dbo.leads (creado_en) INCLUDE (id_campana, id_cliente, estado, puntaje, convertido_en);
CREATE INDEX IF NOT EXISTS IX_ventas_id_campana ON dbo.ventas (id_campana);
CREATE INDEX IF NOT EXISTS IX_leads_id_campana ON dbo.leads (id_campana);
