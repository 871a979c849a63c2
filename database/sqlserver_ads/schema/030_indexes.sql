/*
  PromptAds: secondary indexes.

  IX_<table>_rv serves the ETL, which reads in the order (rv, key). The others stand under a foreign key whose
  columns no primary key or unique constraint already begins with.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

-- Order of change.
IF INDEXPROPERTY(OBJECT_ID(N'dbo.marcas'), N'IX_marcas_rv', 'IndexID') IS NULL
    CREATE INDEX IX_marcas_rv ON dbo.marcas (rv, id_marca);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.canales'), N'IX_canales_rv', 'IndexID') IS NULL
    CREATE INDEX IX_canales_rv ON dbo.canales (rv, id_canal);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.mercados'), N'IX_mercados_rv', 'IndexID') IS NULL
    CREATE INDEX IX_mercados_rv ON dbo.mercados (rv, id_mercado);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.influencers'), N'IX_influencers_rv', 'IndexID') IS NULL
    CREATE INDEX IX_influencers_rv ON dbo.influencers (rv, id_influencer);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.campanas'), N'IX_campanas_rv', 'IndexID') IS NULL
    CREATE INDEX IX_campanas_rv ON dbo.campanas (rv, id_campana);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.anuncios'), N'IX_anuncios_rv', 'IndexID') IS NULL
    CREATE INDEX IX_anuncios_rv ON dbo.anuncios (rv, id_anuncio);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.campanas_mercados'), N'IX_campanas_mercados_rv', 'IndexID') IS NULL
    CREATE INDEX IX_campanas_mercados_rv ON dbo.campanas_mercados (rv, id_campana, id_mercado);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.rendimiento_diario'), N'IX_rendimiento_diario_rv', 'IndexID') IS NULL
    CREATE INDEX IX_rendimiento_diario_rv ON dbo.rendimiento_diario (rv, id_rendimiento);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.sentimientos'), N'IX_sentimientos_rv', 'IndexID') IS NULL
    CREATE INDEX IX_sentimientos_rv ON dbo.sentimientos (rv, id_sentimiento);
GO
-- The ETL asks for the tombstones of one table at a time.
IF INDEXPROPERTY(OBJECT_ID(N'dbo.bajas'), N'IX_bajas_rv', 'IndexID') IS NULL
    CREATE INDEX IX_bajas_rv ON dbo.bajas (tabla, rv, clave);
GO

-- Foreign keys.
IF INDEXPROPERTY(OBJECT_ID(N'dbo.influencers'), N'IX_influencers_id_canal', 'IndexID') IS NULL
    CREATE INDEX IX_influencers_id_canal ON dbo.influencers (id_canal);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.campanas'), N'IX_campanas_id_marca', 'IndexID') IS NULL
    CREATE INDEX IX_campanas_id_marca ON dbo.campanas (id_marca);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.anuncios'), N'IX_anuncios_id_campana', 'IndexID') IS NULL
    CREATE INDEX IX_anuncios_id_campana ON dbo.anuncios (id_campana);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.anuncios'), N'IX_anuncios_id_canal', 'IndexID') IS NULL
    CREATE INDEX IX_anuncios_id_canal ON dbo.anuncios (id_canal);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.anuncios'), N'IX_anuncios_id_influencer', 'IndexID') IS NULL
    CREATE INDEX IX_anuncios_id_influencer ON dbo.anuncios (id_influencer);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.campanas_mercados'), N'IX_campanas_mercados_id_mercado', 'IndexID') IS NULL
    CREATE INDEX IX_campanas_mercados_id_mercado ON dbo.campanas_mercados (id_mercado);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.rendimiento_diario'), N'IX_rendimiento_diario_id_canal', 'IndexID') IS NULL
    CREATE INDEX IX_rendimiento_diario_id_canal ON dbo.rendimiento_diario (id_canal);
GO
