-- What did every campaign do on a day?
-- table: PromptAds dbo.rendimiento_diario
-- key: id_rendimiento
-- columns: id_rendimiento, id_campana, id_canal, fecha, impresiones, clics, reacciones, conversiones, costo, ingresos
-- index: IX_rendimiento_diario_fecha (fecha, id_campana) INCLUDE (id_canal, impresiones, clics, reacciones, conversiones, costo, ingresos)
-- values: SELECT TOP (5) fecha FROM dbo.rendimiento_diario GROUP BY fecha ORDER BY fecha DESC
SELECT id_campana, SUM(impresiones) AS impresiones, SUM(clics) AS clics, SUM(costo) AS costo
FROM {table}
WHERE fecha = %(fecha)s
GROUP BY id_campana;
