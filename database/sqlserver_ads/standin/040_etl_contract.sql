-- PromptAds, stand-in: the delta contract. The counterpart of schema/050_etl_contract.sql.

CREATE OR REPLACE VIEW etl.marcas AS
SELECT
    id_marca,
    nombre,
    sector,
    codigo_pais,
    activa,
    creado_en,
    rv,
    rv AS version
FROM dbo.marcas;

CREATE OR REPLACE VIEW etl.canales AS
SELECT
    id_canal,
    nombre,
    tipo,
    costo_por_mil,
    activo,
    rv,
    rv AS version
FROM dbo.canales;

CREATE OR REPLACE VIEW etl.mercados AS
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
    rv AS version
FROM dbo.mercados;

CREATE OR REPLACE VIEW etl.influencers AS
SELECT
    id_influencer,
    nombre,
    usuario,
    id_canal,
    codigo_pais,
    seguidores,
    tarifa,
    rv,
    rv AS version
FROM dbo.influencers;

CREATE OR REPLACE VIEW etl.campanas AS
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
    rv AS version
FROM dbo.campanas;

CREATE OR REPLACE VIEW etl.anuncios AS
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
    rv AS version
FROM dbo.anuncios;

CREATE OR REPLACE VIEW etl.campanas_mercados AS
SELECT
    id_campana,
    id_mercado,
    peso,
    rv,
    rv AS version
FROM dbo.campanas_mercados;

CREATE OR REPLACE VIEW etl.rendimiento_diario AS
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
    rv AS version
FROM dbo.rendimiento_diario;

CREATE OR REPLACE VIEW etl.sentimientos AS
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
    rv AS version
FROM dbo.sentimientos;

CREATE OR REPLACE VIEW etl.bajas AS
SELECT
    tabla,
    clave,
    rv,
    rv AS version
FROM dbo.bajas;

-- A row's version is the number of the transaction that wrote it: no transaction below the snapshot's xmin is
-- still open, and none will begin there.
CREATE OR REPLACE VIEW etl.limite AS
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1 AS version;
