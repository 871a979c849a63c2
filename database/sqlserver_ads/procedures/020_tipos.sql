/*
  PromptAds: the table types that the procedures take.

  A type cannot be altered, nor dropped while a procedure names it: to change one, drop those procedures and the
  type at the head of this file, and make all of them again.

  clave_*: temporary keys, chosen by the caller and meaningful in one call only.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

-- Channels of a new campaign. One that dbo.canales has not got is made only if its tipo and costo_por_mil (US
-- dollars) are given, so that a misspelt name is an error and not a new channel.
IF TYPE_ID(N'dbo.tipo_canales') IS NULL
    CREATE TYPE dbo.tipo_canales AS TABLE (
        clave_canal int NOT NULL PRIMARY KEY,
        nombre nvarchar(60) NOT NULL UNIQUE,
        tipo nvarchar(20) NULL,
        costo_por_mil money NULL
    );
GO

-- Ads of a new campaign. usuario_influencer: who publishes it, NULL for the brand itself.
IF TYPE_ID(N'dbo.tipo_anuncios') IS NULL
    CREATE TYPE dbo.tipo_anuncios AS TABLE (
        clave_anuncio int NOT NULL PRIMARY KEY,
        clave_canal int NOT NULL,
        usuario_influencer nvarchar(60) NULL,
        titulo nvarchar(200) NOT NULL,
        texto nvarchar(max) NOT NULL,
        formato nvarchar(20) NOT NULL
    );
GO

-- Markets of a new campaign, by their natural key. peso: share of the budget, adding up to 1.
IF TYPE_ID(N'dbo.tipo_mercados') IS NULL
    CREATE TYPE dbo.tipo_mercados AS TABLE (
        codigo_pais char(2) NOT NULL,
        region nvarchar(80) NOT NULL,
        ciudad nvarchar(80) NOT NULL,
        peso decimal(5, 4) NOT NULL,
        PRIMARY KEY (codigo_pais, region, ciudad)
    );
GO

-- Figures of campaigns by channel and day. costo and ingresos: in campanas.moneda.
IF TYPE_ID(N'dbo.tipo_rendimiento') IS NULL
    CREATE TYPE dbo.tipo_rendimiento AS TABLE (
        id_campana int NOT NULL,
        id_canal int NOT NULL,
        fecha date NOT NULL,
        impresiones bigint NOT NULL,
        alcance bigint NOT NULL,
        clics int NOT NULL,
        reacciones int NOT NULL,
        conversiones int NOT NULL,
        costo decimal(18, 2) NOT NULL,
        ingresos decimal(18, 2) NOT NULL,
        PRIMARY KEY (id_campana, id_canal, fecha)
    );
GO
