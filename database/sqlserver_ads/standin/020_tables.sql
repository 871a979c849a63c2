-- PromptAds, stand-in: sequences, tables and indexes. The counterpart of schema/020_tables.sql and
-- 030_indexes.sql, with the types that PostgreSQL has for SQL Server's.
--
-- SQL Server checks a key when the statement ends, PostgreSQL row by row unless the constraint is
-- deferrable. The keys that no foreign key points at are, so that a statement may swap or shift them as it
-- may on SQL Server.

CREATE SEQUENCE IF NOT EXISTS dbo.seq_marcas AS integer;
CREATE SEQUENCE IF NOT EXISTS dbo.seq_canales AS integer;
CREATE SEQUENCE IF NOT EXISTS dbo.seq_mercados AS integer;
CREATE SEQUENCE IF NOT EXISTS dbo.seq_influencers AS integer;
CREATE SEQUENCE IF NOT EXISTS dbo.seq_campanas AS integer;
CREATE SEQUENCE IF NOT EXISTS dbo.seq_anuncios AS integer;
CREATE SEQUENCE IF NOT EXISTS dbo.seq_rendimiento_diario AS bigint;
CREATE SEQUENCE IF NOT EXISTS dbo.seq_sentimientos AS bigint;

-- Advertisers.
CREATE TABLE IF NOT EXISTS dbo.marcas (
    id_marca integer NOT NULL DEFAULT nextval('dbo.seq_marcas'),
    nombre varchar(120) NOT NULL,
    sector varchar(60) NOT NULL,
    codigo_pais char(2) NOT NULL,
    activa boolean NOT NULL DEFAULT true,
    creado_en timestamp(3) NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    rv bigint NOT NULL,
    CONSTRAINT PK_marcas PRIMARY KEY (id_marca),
    CONSTRAINT UQ_marcas_nombre UNIQUE (nombre)
);

-- Where ads are shown. costo_por_mil: price of a thousand impressions, in US dollars.
CREATE TABLE IF NOT EXISTS dbo.canales (
    id_canal integer NOT NULL DEFAULT nextval('dbo.seq_canales'),
    nombre varchar(60) NOT NULL,
    tipo varchar(20) NOT NULL,
    costo_por_mil numeric(19, 4) NOT NULL,
    activo boolean NOT NULL DEFAULT true,
    rv bigint NOT NULL,
    CONSTRAINT PK_canales PRIMARY KEY (id_canal),
    CONSTRAINT UQ_canales_nombre UNIQUE (nombre),
    CONSTRAINT CK_canales_tipo CHECK (tipo IN ('social', 'busqueda', 'video', 'display', 'correo')),
    CONSTRAINT CK_canales_costo_por_mil CHECK (costo_por_mil >= 0)
);

-- Cities that campaigns are aimed at.
CREATE TABLE IF NOT EXISTS dbo.mercados (
    id_mercado integer NOT NULL DEFAULT nextval('dbo.seq_mercados'),
    pais varchar(60) NOT NULL,
    codigo_pais char(2) NOT NULL,
    region varchar(80) NOT NULL,
    ciudad varchar(80) NOT NULL,
    latitud numeric(9, 6) NOT NULL,
    longitud numeric(9, 6) NOT NULL,
    poblacion integer NOT NULL,
    moneda char(3) NOT NULL,
    rv bigint NOT NULL,
    CONSTRAINT PK_mercados PRIMARY KEY (id_mercado),
    CONSTRAINT UQ_mercados_ciudad UNIQUE (codigo_pais, region, ciudad),
    CONSTRAINT CK_mercados_coordenadas CHECK (latitud BETWEEN -90 AND 90 AND longitud BETWEEN -180 AND 180),
    CONSTRAINT CK_mercados_poblacion CHECK (poblacion >= 0)
);

-- People paid to show a brand on one channel. tarifa: price of one publication, in US dollars.
CREATE TABLE IF NOT EXISTS dbo.influencers (
    id_influencer integer NOT NULL DEFAULT nextval('dbo.seq_influencers'),
    nombre varchar(120) NOT NULL,
    usuario varchar(60) NOT NULL,
    id_canal integer NOT NULL,
    codigo_pais char(2) NOT NULL,
    seguidores integer NOT NULL,
    tarifa numeric(19, 4) NOT NULL,
    rv bigint NOT NULL,
    CONSTRAINT PK_influencers PRIMARY KEY (id_influencer),
    CONSTRAINT UQ_influencers_usuario UNIQUE (usuario),
    CONSTRAINT FK_influencers_canales FOREIGN KEY (id_canal) REFERENCES dbo.canales (id_canal),
    CONSTRAINT CK_influencers_seguidores CHECK (seguidores >= 0),
    CONSTRAINT CK_influencers_tarifa CHECK (tarifa >= 0)
);

-- A brand's campaign: its window, its budget and the currency of every amount recorded for it.
CREATE TABLE IF NOT EXISTS dbo.campanas (
    id_campana integer NOT NULL DEFAULT nextval('dbo.seq_campanas'),
    id_marca integer NOT NULL,
    referencia uuid NOT NULL,
    nombre varchar(160) NOT NULL,
    descripcion text NOT NULL,
    objetivo varchar(20) NOT NULL,
    estado varchar(20) NOT NULL,
    fecha_inicio date NOT NULL,
    fecha_fin date NOT NULL,
    presupuesto numeric(18, 2) NOT NULL,
    moneda char(3) NOT NULL,
    creado_en timestamp(3) NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    actualizado_en timestamp(3) NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    rv bigint NOT NULL,
    CONSTRAINT PK_campanas PRIMARY KEY (id_campana),
    CONSTRAINT UQ_campanas_referencia UNIQUE (referencia),
    CONSTRAINT FK_campanas_marcas FOREIGN KEY (id_marca) REFERENCES dbo.marcas (id_marca),
    CONSTRAINT CK_campanas_objetivo
        CHECK (objetivo IN ('reconocimiento', 'trafico', 'conversion', 'retencion')),
    CONSTRAINT CK_campanas_estado CHECK (estado IN ('planificada', 'activa', 'finalizada', 'pausada')),
    CONSTRAINT CK_campanas_fechas CHECK (fecha_fin >= fecha_inicio),
    CONSTRAINT CK_campanas_presupuesto CHECK (presupuesto >= 0)
);

-- Creatives of a campaign, each for one channel, some of them published by an influencer.
CREATE TABLE IF NOT EXISTS dbo.anuncios (
    id_anuncio integer NOT NULL DEFAULT nextval('dbo.seq_anuncios'),
    id_campana integer NOT NULL,
    id_canal integer NOT NULL,
    id_influencer integer,
    titulo varchar(200) NOT NULL,
    texto text NOT NULL,
    formato varchar(20) NOT NULL,
    activo boolean NOT NULL DEFAULT true,
    rv bigint NOT NULL,
    CONSTRAINT PK_anuncios PRIMARY KEY (id_anuncio),
    CONSTRAINT FK_anuncios_campanas FOREIGN KEY (id_campana) REFERENCES dbo.campanas (id_campana),
    CONSTRAINT FK_anuncios_canales FOREIGN KEY (id_canal) REFERENCES dbo.canales (id_canal),
    CONSTRAINT FK_anuncios_influencers FOREIGN KEY (id_influencer) REFERENCES dbo.influencers (id_influencer),
    CONSTRAINT CK_anuncios_formato CHECK (formato IN ('imagen', 'video', 'carrusel', 'historia'))
);

-- Which markets a campaign is aimed at. peso: share of the budget, the shares of a campaign adding up to 1.
CREATE TABLE IF NOT EXISTS dbo.campanas_mercados (
    id_campana integer NOT NULL,
    id_mercado integer NOT NULL,
    peso numeric(5, 4) NOT NULL,
    rv bigint NOT NULL,
    CONSTRAINT PK_campanas_mercados PRIMARY KEY (id_campana, id_mercado) DEFERRABLE,
    CONSTRAINT FK_campanas_mercados_campanas FOREIGN KEY (id_campana) REFERENCES dbo.campanas (id_campana),
    CONSTRAINT FK_campanas_mercados_mercados FOREIGN KEY (id_mercado) REFERENCES dbo.mercados (id_mercado),
    CONSTRAINT CK_campanas_mercados_peso CHECK (peso BETWEEN 0 AND 1)
);

-- What a campaign did on a channel on a day. costo and ingresos: in campanas.moneda.
-- SUM(ingresos) of a campaign equals SUM(ventas.total) of the same campaign in PromptCRM, to the cent.
CREATE TABLE IF NOT EXISTS dbo.rendimiento_diario (
    id_rendimiento bigint NOT NULL DEFAULT nextval('dbo.seq_rendimiento_diario'),
    id_campana integer NOT NULL,
    id_canal integer NOT NULL,
    fecha date NOT NULL,
    impresiones bigint NOT NULL,
    alcance bigint NOT NULL,
    clics integer NOT NULL,
    reacciones integer NOT NULL,
    conversiones integer NOT NULL,
    costo numeric(18, 2) NOT NULL,
    ingresos numeric(18, 2) NOT NULL,
    rv bigint NOT NULL,
    CONSTRAINT PK_rendimiento_diario PRIMARY KEY (id_rendimiento) DEFERRABLE,
    CONSTRAINT UQ_rendimiento_diario_dia UNIQUE (id_campana, id_canal, fecha) DEFERRABLE,
    CONSTRAINT FK_rendimiento_diario_campanas FOREIGN KEY (id_campana) REFERENCES dbo.campanas (id_campana),
    CONSTRAINT FK_rendimiento_diario_canales FOREIGN KEY (id_canal) REFERENCES dbo.canales (id_canal),
    CONSTRAINT CK_rendimiento_diario_cantidades CHECK (
        impresiones >= 0 AND alcance >= 0 AND clics >= 0 AND reacciones >= 0 AND conversiones >= 0
    ),
    CONSTRAINT CK_rendimiento_diario_importes CHECK (costo >= 0 AND ingresos >= 0)
);

-- How an ad was received on a day. puntaje: from -1 (all negative) to 1 (all positive).
CREATE TABLE IF NOT EXISTS dbo.sentimientos (
    id_sentimiento bigint NOT NULL DEFAULT nextval('dbo.seq_sentimientos'),
    id_anuncio integer NOT NULL,
    fecha date NOT NULL,
    positivos integer NOT NULL,
    neutros integer NOT NULL,
    negativos integer NOT NULL,
    puntaje double precision NOT NULL,
    reacciones integer NOT NULL,
    rv bigint NOT NULL,
    CONSTRAINT PK_sentimientos PRIMARY KEY (id_sentimiento) DEFERRABLE,
    CONSTRAINT UQ_sentimientos_dia UNIQUE (id_anuncio, fecha) DEFERRABLE,
    CONSTRAINT FK_sentimientos_anuncios FOREIGN KEY (id_anuncio) REFERENCES dbo.anuncios (id_anuncio),
    CONSTRAINT CK_sentimientos_cantidades
        CHECK (positivos >= 0 AND neutros >= 0 AND negativos >= 0 AND reacciones >= 0),
    CONSTRAINT CK_sentimientos_puntaje CHECK (puntaje BETWEEN -1 AND 1)
);

-- Tombstones: a key that an exported table no longer holds. clave: JSON array of the key's values, in key
-- order.
CREATE TABLE IF NOT EXISTS dbo.bajas (
    id_baja bigint GENERATED ALWAYS AS IDENTITY,
    tabla varchar(128) NOT NULL,
    clave varchar(200) NOT NULL,
    rv bigint NOT NULL,
    CONSTRAINT PK_bajas PRIMARY KEY (id_baja)
);

-- How the data was seeded, and which tables are complete: what a second seeding goes by. Not exported.
CREATE TABLE IF NOT EXISTS dbo.siembra (
    parametro varchar(40) NOT NULL,
    valor varchar(80) NOT NULL,
    CONSTRAINT PK_siembra PRIMARY KEY (parametro)
);

-- Order of change, and foreign keys.
CREATE INDEX IF NOT EXISTS IX_marcas_rv ON dbo.marcas (rv, id_marca);
CREATE INDEX IF NOT EXISTS IX_canales_rv ON dbo.canales (rv, id_canal);
CREATE INDEX IF NOT EXISTS IX_mercados_rv ON dbo.mercados (rv, id_mercado);
CREATE INDEX IF NOT EXISTS IX_influencers_rv ON dbo.influencers (rv, id_influencer);
CREATE INDEX IF NOT EXISTS IX_campanas_rv ON dbo.campanas (rv, id_campana);
CREATE INDEX IF NOT EXISTS IX_anuncios_rv ON dbo.anuncios (rv, id_anuncio);
CREATE INDEX IF NOT EXISTS IX_campanas_mercados_rv ON dbo.campanas_mercados (rv, id_campana, id_mercado);
CREATE INDEX IF NOT EXISTS IX_rendimiento_diario_rv ON dbo.rendimiento_diario (rv, id_rendimiento);
CREATE INDEX IF NOT EXISTS IX_sentimientos_rv ON dbo.sentimientos (rv, id_sentimiento);
CREATE INDEX IF NOT EXISTS IX_bajas_rv ON dbo.bajas (tabla, rv, clave);
CREATE INDEX IF NOT EXISTS IX_influencers_id_canal ON dbo.influencers (id_canal);
CREATE INDEX IF NOT EXISTS IX_campanas_id_marca ON dbo.campanas (id_marca);
CREATE INDEX IF NOT EXISTS IX_anuncios_id_campana ON dbo.anuncios (id_campana);
CREATE INDEX IF NOT EXISTS IX_anuncios_id_canal ON dbo.anuncios (id_canal);
CREATE INDEX IF NOT EXISTS IX_anuncios_id_influencer ON dbo.anuncios (id_influencer);
CREATE INDEX IF NOT EXISTS IX_campanas_mercados_id_mercado ON dbo.campanas_mercados (id_mercado);
CREATE INDEX IF NOT EXISTS IX_rendimiento_diario_id_canal ON dbo.rendimiento_diario (id_canal);

-- A rowversion is the database's to give. Here it is the number of the transaction that wrote the row, so
-- the rows of one transaction tie. An INSERT takes it from the default, which costs a tenth of what a
-- trigger does; the trigger's WHEN only lets a value through to be refused.
DO $block$
DECLARE
    tabla regclass;
BEGIN
    FOR tabla IN
        SELECT attrelid::regclass
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'dbo'::regnamespace AND relkind = 'r' AND attname = 'rv' AND NOT attisdropped
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN rv SET DEFAULT (pg_current_xact_id()::text::bigint)', tabla);
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER tr_rv_insert BEFORE INSERT ON %s FOR EACH ROW
             WHEN (NEW.rv IS DISTINCT FROM pg_current_xact_id()::text::bigint)
             EXECUTE FUNCTION dbo.rechazar_rv()', tabla);
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER tr_rv_update BEFORE UPDATE OF rv ON %s FOR EACH STATEMENT
             EXECUTE FUNCTION dbo.rechazar_rv()', tabla);
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER tr_rv BEFORE UPDATE ON %s FOR EACH ROW
             EXECUTE FUNCTION dbo.asignar_rv()', tabla);
    END LOOP;
END
$block$;
