/*
  PromptAds: indexes for what reports ask, which is a range of days over every campaign or ad.

  The unique constraints begin with the campaign or the ad, so a range of days alone would scan the table.
  Included columns make both reads covering: the report never goes back to the clustered index.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

IF INDEXPROPERTY(OBJECT_ID(N'dbo.sentimientos'), N'IX_sentimientos_fecha', 'IndexID') IS NULL
    CREATE INDEX IX_sentimientos_fecha
    ON dbo.sentimientos (fecha, id_anuncio)
    INCLUDE (positivos, neutros, negativos, puntaje, reacciones)
    WITH (DATA_COMPRESSION = PAGE);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.rendimiento_diario'), N'IX_rendimiento_diario_fecha', 'IndexID') IS NULL
    CREATE INDEX IX_rendimiento_diario_fecha
    ON dbo.rendimiento_diario (fecha, id_campana)
    INCLUDE (id_canal, impresiones, clics, reacciones, conversiones, costo, ingresos)
    WITH (DATA_COMPRESSION = PAGE);
GO
