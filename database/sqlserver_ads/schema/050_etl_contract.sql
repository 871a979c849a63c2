/*
  PromptAds: the delta contract, the only schema that the ETL may read.

  etl.<table>  the columns that may leave this database, and version: rv as a bigint.
  etl.bajas    tombstones: which key of which table is gone, and when.
  etl.limite   the highest version that can no longer change hands.

  rv stands beside version because only it is indexed: a window must bound rv, as in
  rv > CAST(CAST(low AS bigint) AS rowversion), for version is computed and a window on it scans the table.

  A reader takes high from etl.limite in a statement of its own, and only then the rows with version > low
  AND version <= high. A transaction still open when it asked has versions above high: the next window
  brings its rows. Under SNAPSHOT isolation the limit must be read before the transaction's first read of a
  table, because MIN_ACTIVE_ROWVERSION() is always of now and the snapshot is not.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

CREATE OR ALTER VIEW etl.marcas
AS
SELECT
    id_marca,
    nombre,
    sector,
    codigo_pais,
    activa,
    creado_en,
    rv,
    CONVERT(bigint, rv) AS version
FROM dbo.marcas;
GO

CREATE OR ALTER VIEW etl.canales
AS
SELECT
    id_canal,
    nombre,
    tipo,
    costo_por_mil,
    activo,
    rv,
    CONVERT(bigint, rv) AS version
FROM dbo.canales;
GO

CREATE OR ALTER VIEW etl.mercados
AS
SELECT
    id_mercado,
    pais,
    codigo_pais,
    region,
    ciudad,
    latitud,
    longitud,
    poblacion,
    moneda,
    rv,
    CONVERT(bigint, rv) AS version
FROM dbo.mercados;
GO

CREATE OR ALTER VIEW etl.influencers
AS
SELECT
    id_influencer,
    nombre,
    usuario,
    id_canal,
    codigo_pais,
    seguidores,
    tarifa,
    rv,
    CONVERT(bigint, rv) AS version
FROM dbo.influencers;
GO

CREATE OR ALTER VIEW etl.campanas
AS
SELECT
    id_campana,
    id_marca,
    referencia,
    nombre,
    descripcion,
    objetivo,
    estado,
    fecha_inicio,
    fecha_fin,
    presupuesto,
    moneda,
    creado_en,
    actualizado_en,
    rv,
    CONVERT(bigint, rv) AS version
FROM dbo.campanas;
GO

CREATE OR ALTER VIEW etl.anuncios
AS
SELECT
    id_anuncio,
    id_campana,
    id_canal,
    id_influencer,
    titulo,
    texto,
    formato,
    activo,
    rv,
    CONVERT(bigint, rv) AS version
FROM dbo.anuncios;
GO

CREATE OR ALTER VIEW etl.campanas_mercados
AS
SELECT
    id_campana,
    id_mercado,
    peso,
    rv,
    CONVERT(bigint, rv) AS version
FROM dbo.campanas_mercados;
GO

CREATE OR ALTER VIEW etl.rendimiento_diario
AS
SELECT
    id_rendimiento,
    id_campana,
    id_canal,
    fecha,
    impresiones,
    alcance,
    clics,
    reacciones,
    conversiones,
    costo,
    ingresos,
    rv,
    CONVERT(bigint, rv) AS version
FROM dbo.rendimiento_diario;
GO

CREATE OR ALTER VIEW etl.sentimientos
AS
SELECT
    id_sentimiento,
    id_anuncio,
    fecha,
    positivos,
    neutros,
    negativos,
    puntaje,
    reacciones,
    rv,
    CONVERT(bigint, rv) AS version
FROM dbo.sentimientos;
GO

CREATE OR ALTER VIEW etl.bajas
AS
SELECT
    tabla,
    clave,
    rv,
    CONVERT(bigint, rv) AS version
FROM dbo.bajas;
GO

CREATE OR ALTER VIEW etl.limite
AS
SELECT CONVERT(bigint, MIN_ACTIVE_ROWVERSION()) - 1 AS version;
GO
