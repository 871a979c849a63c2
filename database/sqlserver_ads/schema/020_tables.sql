/*
  PromptAds: sequences and tables.

  Keys come from sequences, so that seeding may choose its own and restart the sequence after them.
  Every table carries rv, a rowversion: the position of its last change in the order of the database.
  Tables are in the order that their foreign keys need.
*/
IF OBJECT_ID(N'dbo.seq_marcas', N'SO') IS NULL
    CREATE SEQUENCE dbo.seq_marcas AS int START WITH 1 INCREMENT BY 1 CACHE 50;
GO
IF OBJECT_ID(N'dbo.seq_canales', N'SO') IS NULL
    CREATE SEQUENCE dbo.seq_canales AS int START WITH 1 INCREMENT BY 1 CACHE 50;
GO
IF OBJECT_ID(N'dbo.seq_mercados', N'SO') IS NULL
    CREATE SEQUENCE dbo.seq_mercados AS int START WITH 1 INCREMENT BY 1 CACHE 50;
GO
IF OBJECT_ID(N'dbo.seq_influencers', N'SO') IS NULL
    CREATE SEQUENCE dbo.seq_influencers AS int START WITH 1 INCREMENT BY 1 CACHE 50;
GO
IF OBJECT_ID(N'dbo.seq_campanas', N'SO') IS NULL
    CREATE SEQUENCE dbo.seq_campanas AS int START WITH 1 INCREMENT BY 1 CACHE 50;
GO
IF OBJECT_ID(N'dbo.seq_anuncios', N'SO') IS NULL
    CREATE SEQUENCE dbo.seq_anuncios AS int START WITH 1 INCREMENT BY 1 CACHE 50;
GO
IF OBJECT_ID(N'dbo.seq_rendimiento_diario', N'SO') IS NULL
    CREATE SEQUENCE dbo.seq_rendimiento_diario AS bigint START WITH 1 INCREMENT BY 1 CACHE 1000;
GO
IF OBJECT_ID(N'dbo.seq_sentimientos', N'SO') IS NULL
    CREATE SEQUENCE dbo.seq_sentimientos AS bigint START WITH 1 INCREMENT BY 1 CACHE 1000;
GO

-- Advertisers.
IF OBJECT_ID(N'dbo.marcas', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.marcas (
        id_marca int NOT NULL CONSTRAINT DF_marcas_id_marca DEFAULT (NEXT VALUE FOR dbo.seq_marcas),
        nombre nvarchar(120) NOT NULL,
        sector nvarchar(60) NOT NULL,
        codigo_pais char(2) NOT NULL,
        activa bit NOT NULL CONSTRAINT DF_marcas_activa DEFAULT (1),
        creado_en datetime2(3) NOT NULL CONSTRAINT DF_marcas_creado_en DEFAULT (SYSUTCDATETIME()),
        rv rowversion NOT NULL,
        CONSTRAINT PK_marcas PRIMARY KEY CLUSTERED (id_marca),
        CONSTRAINT UQ_marcas_nombre UNIQUE (nombre)
    );
END;
GO

-- Where ads are shown. costo_por_mil: price of a thousand impressions, in US dollars.
IF OBJECT_ID(N'dbo.canales', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.canales (
        id_canal int NOT NULL CONSTRAINT DF_canales_id_canal DEFAULT (NEXT VALUE FOR dbo.seq_canales),
        nombre nvarchar(60) NOT NULL,
        tipo nvarchar(20) NOT NULL,
        costo_por_mil money NOT NULL,
        activo bit NOT NULL CONSTRAINT DF_canales_activo DEFAULT (1),
        rv rowversion NOT NULL,
        CONSTRAINT PK_canales PRIMARY KEY CLUSTERED (id_canal),
        CONSTRAINT UQ_canales_nombre UNIQUE (nombre),
        CONSTRAINT CK_canales_tipo CHECK (tipo IN (N'social', N'busqueda', N'video', N'display', N'correo')),
        CONSTRAINT CK_canales_costo_por_mil CHECK (costo_por_mil >= 0)
    );
END;
GO

-- Cities that campaigns are aimed at.
IF OBJECT_ID(N'dbo.mercados', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.mercados (
        id_mercado int NOT NULL CONSTRAINT DF_mercados_id_mercado DEFAULT (NEXT VALUE FOR dbo.seq_mercados),
        pais nvarchar(60) NOT NULL,
        codigo_pais char(2) NOT NULL,
        region nvarchar(80) NOT NULL,
        ciudad nvarchar(80) NOT NULL,
        latitud decimal(9, 6) NOT NULL,
        longitud decimal(9, 6) NOT NULL,
        poblacion int NOT NULL,
        moneda char(3) NOT NULL,
        rv rowversion NOT NULL,
        CONSTRAINT PK_mercados PRIMARY KEY CLUSTERED (id_mercado),
        CONSTRAINT UQ_mercados_ciudad UNIQUE (codigo_pais, region, ciudad),
        CONSTRAINT CK_mercados_coordenadas CHECK (latitud BETWEEN -90 AND 90 AND longitud BETWEEN -180 AND 180),
        CONSTRAINT CK_mercados_poblacion CHECK (poblacion >= 0)
    );
END;
GO

-- People paid to show a brand on one channel. tarifa: price of one publication, in US dollars.
IF OBJECT_ID(N'dbo.influencers', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.influencers (
        id_influencer int NOT NULL
            CONSTRAINT DF_influencers_id_influencer DEFAULT (NEXT VALUE FOR dbo.seq_influencers),
        nombre nvarchar(120) NOT NULL,
        usuario nvarchar(60) NOT NULL,
        id_canal int NOT NULL,
        codigo_pais char(2) NOT NULL,
        seguidores int NOT NULL,
        tarifa money NOT NULL,
        rv rowversion NOT NULL,
        CONSTRAINT PK_influencers PRIMARY KEY CLUSTERED (id_influencer),
        CONSTRAINT UQ_influencers_usuario UNIQUE (usuario),
        CONSTRAINT FK_influencers_canales FOREIGN KEY (id_canal) REFERENCES dbo.canales (id_canal),
        CONSTRAINT CK_influencers_seguidores CHECK (seguidores >= 0),
        CONSTRAINT CK_influencers_tarifa CHECK (tarifa >= 0)
    );
END;
GO

-- A brand's campaign: its window, its budget and the currency of every amount recorded for it.
IF OBJECT_ID(N'dbo.campanas', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.campanas (
        id_campana int NOT NULL CONSTRAINT DF_campanas_id_campana DEFAULT (NEXT VALUE FOR dbo.seq_campanas),
        id_marca int NOT NULL,
        referencia uniqueidentifier NOT NULL,
        nombre nvarchar(160) NOT NULL,
        descripcion nvarchar(max) NOT NULL,
        objetivo nvarchar(20) NOT NULL,
        estado nvarchar(20) NOT NULL,
        fecha_inicio date NOT NULL,
        fecha_fin date NOT NULL,
        presupuesto decimal(18, 2) NOT NULL,
        moneda char(3) NOT NULL,
        creado_en datetime2(3) NOT NULL CONSTRAINT DF_campanas_creado_en DEFAULT (SYSUTCDATETIME()),
        actualizado_en datetime2(3) NOT NULL CONSTRAINT DF_campanas_actualizado_en DEFAULT (SYSUTCDATETIME()),
        rv rowversion NOT NULL,
        CONSTRAINT PK_campanas PRIMARY KEY CLUSTERED (id_campana),
        CONSTRAINT UQ_campanas_referencia UNIQUE (referencia),
        CONSTRAINT FK_campanas_marcas FOREIGN KEY (id_marca) REFERENCES dbo.marcas (id_marca),
        CONSTRAINT CK_campanas_objetivo
            CHECK (objetivo IN (N'reconocimiento', N'trafico', N'conversion', N'retencion')),
        CONSTRAINT CK_campanas_estado CHECK (estado IN (N'planificada', N'activa', N'finalizada', N'pausada')),
        CONSTRAINT CK_campanas_fechas CHECK (fecha_fin >= fecha_inicio),
        CONSTRAINT CK_campanas_presupuesto CHECK (presupuesto >= 0)
    );
END;
GO

-- Creatives of a campaign, each for one channel, some of them published by an influencer.
IF OBJECT_ID(N'dbo.anuncios', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.anuncios (
        id_anuncio int NOT NULL CONSTRAINT DF_anuncios_id_anuncio DEFAULT (NEXT VALUE FOR dbo.seq_anuncios),
        id_campana int NOT NULL,
        id_canal int NOT NULL,
        id_influencer int NULL,
        titulo nvarchar(200) NOT NULL,
        texto nvarchar(max) NOT NULL,
        formato nvarchar(20) NOT NULL,
        activo bit NOT NULL CONSTRAINT DF_anuncios_activo DEFAULT (1),
        rv rowversion NOT NULL,
        CONSTRAINT PK_anuncios PRIMARY KEY CLUSTERED (id_anuncio),
        CONSTRAINT FK_anuncios_campanas FOREIGN KEY (id_campana) REFERENCES dbo.campanas (id_campana),
        CONSTRAINT FK_anuncios_canales FOREIGN KEY (id_canal) REFERENCES dbo.canales (id_canal),
        CONSTRAINT FK_anuncios_influencers FOREIGN KEY (id_influencer) REFERENCES dbo.influencers (id_influencer),
        CONSTRAINT CK_anuncios_formato CHECK (formato IN (N'imagen', N'video', N'carrusel', N'historia'))
    );
END;
GO

-- Which markets a campaign is aimed at. peso: share of the budget, the shares of a campaign adding up to 1.
IF OBJECT_ID(N'dbo.campanas_mercados', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.campanas_mercados (
        id_campana int NOT NULL,
        id_mercado int NOT NULL,
        peso decimal(5, 4) NOT NULL,
        rv rowversion NOT NULL,
        CONSTRAINT PK_campanas_mercados PRIMARY KEY CLUSTERED (id_campana, id_mercado),
        CONSTRAINT FK_campanas_mercados_campanas FOREIGN KEY (id_campana) REFERENCES dbo.campanas (id_campana),
        CONSTRAINT FK_campanas_mercados_mercados FOREIGN KEY (id_mercado) REFERENCES dbo.mercados (id_mercado),
        CONSTRAINT CK_campanas_mercados_peso CHECK (peso BETWEEN 0 AND 1)
    );
END;
GO

-- What a campaign did on a channel on a day. costo and ingresos: in campanas.moneda.
-- SUM(ingresos) of a campaign equals SUM(ventas.total) of the same campaign in PromptCRM, to the cent.
IF OBJECT_ID(N'dbo.rendimiento_diario', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.rendimiento_diario (
        id_rendimiento bigint NOT NULL
            CONSTRAINT DF_rendimiento_diario_id_rendimiento DEFAULT (NEXT VALUE FOR dbo.seq_rendimiento_diario),
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
        rv rowversion NOT NULL,
        CONSTRAINT PK_rendimiento_diario PRIMARY KEY CLUSTERED (id_rendimiento),
        CONSTRAINT UQ_rendimiento_diario_dia UNIQUE (id_campana, id_canal, fecha),
        CONSTRAINT FK_rendimiento_diario_campanas FOREIGN KEY (id_campana) REFERENCES dbo.campanas (id_campana),
        CONSTRAINT FK_rendimiento_diario_canales FOREIGN KEY (id_canal) REFERENCES dbo.canales (id_canal),
        CONSTRAINT CK_rendimiento_diario_cantidades CHECK (
            impresiones >= 0 AND alcance >= 0 AND clics >= 0 AND reacciones >= 0 AND conversiones >= 0
        ),
        CONSTRAINT CK_rendimiento_diario_importes CHECK (costo >= 0 AND ingresos >= 0)
    );
END;
GO

-- How an ad was received on a day. puntaje: from -1 (all negative) to 1 (all positive).
IF OBJECT_ID(N'dbo.sentimientos', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.sentimientos (
        id_sentimiento bigint NOT NULL
            CONSTRAINT DF_sentimientos_id_sentimiento DEFAULT (NEXT VALUE FOR dbo.seq_sentimientos),
        id_anuncio int NOT NULL,
        fecha date NOT NULL,
        positivos int NOT NULL,
        neutros int NOT NULL,
        negativos int NOT NULL,
        puntaje float NOT NULL,
        reacciones int NOT NULL,
        rv rowversion NOT NULL,
        CONSTRAINT PK_sentimientos PRIMARY KEY CLUSTERED (id_sentimiento),
        CONSTRAINT UQ_sentimientos_dia UNIQUE (id_anuncio, fecha),
        CONSTRAINT FK_sentimientos_anuncios FOREIGN KEY (id_anuncio) REFERENCES dbo.anuncios (id_anuncio),
        CONSTRAINT CK_sentimientos_cantidades
            CHECK (positivos >= 0 AND neutros >= 0 AND negativos >= 0 AND reacciones >= 0),
        CONSTRAINT CK_sentimientos_puntaje CHECK (puntaje BETWEEN -1 AND 1)
    );
END;
GO

-- Tombstones: a key that an exported table no longer holds. clave: JSON array of the key's values, in key
-- order.
IF OBJECT_ID(N'dbo.bajas', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.bajas (
        id_baja bigint IDENTITY (1, 1) NOT NULL,
        tabla nvarchar(128) NOT NULL,
        clave nvarchar(200) NOT NULL,
        rv rowversion NOT NULL,
        CONSTRAINT PK_bajas PRIMARY KEY CLUSTERED (id_baja)
    );
END;
GO

-- How the data was seeded, and which tables are complete: what a second seeding goes by. Not exported.
IF OBJECT_ID(N'dbo.siembra', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.siembra (
        parametro nvarchar(40) NOT NULL,
        valor nvarchar(80) NOT NULL,
        CONSTRAINT PK_siembra PRIMARY KEY CLUSTERED (parametro)
    );
END;
GO
