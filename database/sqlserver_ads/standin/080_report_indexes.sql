-- PromptAds, stand-in: indexes for reports over a range of days. The counterpart of schema/080_report_indexes.sql.

CREATE INDEX IF NOT EXISTS IX_sentimientos_fecha
ON dbo.sentimientos (fecha, id_anuncio) INCLUDE (positivos, neutros, negativos, puntaje, reacciones);
CREATE INDEX IF NOT EXISTS IX_rendimiento_diario_fecha
ON dbo.rendimiento_diario (fecha, id_campana)
INCLUDE (id_canal, impresiones, clics, reacciones, conversiones, costo, ingresos);
