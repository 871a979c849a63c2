-- What did each campaign earn, cost and say, to whom and where? The star schema, filled by `promptsales etl refresh`.
--
-- Conventions of every table here:
--   * a dimension keeps its source's key, except dim_cliente, whose versions (SCD type 2) need one of their own;
--   * es_inferido: facts refer to the member, but its own row has not arrived yet; it is completed in place;
--   * eliminado: the source deleted the member, but facts still refer to it;
--   * money stands in the currency of the column moneda; *_usd is the same at the rate of the fact's day, NULL where
--     the currency or its rate is unknown;
--   * moments without a time zone are the sources' own, in UTC.
-- There are no foreign keys: the refresh makes inferred members for what is missing, and the checks would cost more
-- than the load itself.

CREATE SCHEMA IF NOT EXISTS dw;
GRANT USAGE ON SCHEMA dw TO promptsales_etl;

-- Which days are there, and where in the year do they lie? Whole years, as far as facts reach.
CREATE TABLE IF NOT EXISTS dw.dim_fecha (
    fecha date NOT NULL,
    anio smallint NOT NULL,
    trimestre smallint NOT NULL,
    mes smallint NOT NULL,
    nombre_mes text NOT NULL,
    dia smallint NOT NULL,
    anio_iso smallint NOT NULL,
    semana_iso smallint NOT NULL,
    dia_semana smallint NOT NULL, -- 1 is Monday
    nombre_dia text NOT NULL,
    es_fin_de_semana boolean NOT NULL,
    primer_dia_mes date NOT NULL,
    CONSTRAINT pk_dim_fecha PRIMARY KEY (fecha)
);

-- Which brands are advertised?
CREATE TABLE IF NOT EXISTS dw.dim_marca (
    id_marca integer NOT NULL,
    nombre text,
    sector text,
    codigo_pais text,
    activa boolean,
    creado_en timestamp,
    es_inferido boolean NOT NULL DEFAULT false,
    eliminado boolean NOT NULL DEFAULT false,
    CONSTRAINT pk_dim_marca PRIMARY KEY (id_marca)
);

-- Over which channels, at what price?
CREATE TABLE IF NOT EXISTS dw.dim_canal (
    id_canal integer NOT NULL,
    nombre text,
    tipo text,
    costo_por_mil numeric(19, 4),
    activo boolean,
    es_inferido boolean NOT NULL DEFAULT false,
    eliminado boolean NOT NULL DEFAULT false,
    CONSTRAINT pk_dim_canal PRIMARY KEY (id_canal)
);

-- In which cities?
CREATE TABLE IF NOT EXISTS dw.dim_mercado (
    id_mercado integer NOT NULL,
    pais text,
    codigo_pais text,
    region text,
    ciudad text,
    latitud numeric(9, 6),
    longitud numeric(9, 6),
    poblacion integer,
    moneda text,
    es_inferido boolean NOT NULL DEFAULT false,
    eliminado boolean NOT NULL DEFAULT false,
    CONSTRAINT pk_dim_mercado PRIMARY KEY (id_mercado)
);

-- Who carries ads, and for what fee?
CREATE TABLE IF NOT EXISTS dw.dim_influencer (
    id_influencer integer NOT NULL,
    nombre text,
    usuario text,
    id_canal integer,
    codigo_pais text,
    seguidores integer,
    tarifa numeric(19, 4),
    es_inferido boolean NOT NULL DEFAULT false,
    eliminado boolean NOT NULL DEFAULT false,
    CONSTRAINT pk_dim_influencer PRIMARY KEY (id_influencer)
);

-- Which campaigns, of which brand, when, with what budget? presupuesto_usd is at the rate of fecha_inicio.
CREATE TABLE IF NOT EXISTS dw.dim_campana (
    id_campana integer NOT NULL,
    id_marca integer,
    referencia uuid,
    nombre text,
    descripcion text,
    objetivo text,
    estado text,
    fecha_inicio date,
    fecha_fin date,
    moneda text,
    presupuesto numeric(18, 2),
    presupuesto_usd numeric(20, 4),
    creado_en timestamp,
    actualizado_en timestamp,
    es_inferido boolean NOT NULL DEFAULT false,
    eliminado boolean NOT NULL DEFAULT false,
    CONSTRAINT pk_dim_campana PRIMARY KEY (id_campana)
);

CREATE INDEX IF NOT EXISTS ix_dim_campana_marca ON dw.dim_campana (id_marca);

-- Which markets does a campaign address? The weights of one campaign add up to 1.
CREATE TABLE IF NOT EXISTS dw.puente_campana_mercado (
    id_campana integer NOT NULL,
    id_mercado integer NOT NULL,
    peso numeric(5, 4),
    CONSTRAINT pk_puente_campana_mercado PRIMARY KEY (id_campana, id_mercado)
);

CREATE INDEX IF NOT EXISTS ix_puente_campana_mercado_mercado ON dw.puente_campana_mercado (id_mercado);

-- Who were our customers, in which segment and where, and when? One row a version (SCD type 2 on segment and
-- location); the other columns are overwritten in every version (type 1). The first version is valid since -infinity,
-- so that sales older than the first load find it; a version begins when the load that brought it was committed.
CREATE TABLE IF NOT EXISTS dw.dim_cliente (
    cliente_clave bigint GENERATED ALWAYS AS IDENTITY,
    id_cliente integer NOT NULL,
    segmento text,
    pais text,
    codigo_pais text,
    region text,
    ciudad text,
    latitud numeric(9, 6),
    longitud numeric(9, 6),
    genero text,
    anio_nacimiento integer,
    id_campana_origen integer,
    fecha_registro timestamp,
    activo boolean,
    vigente_desde timestamptz NOT NULL DEFAULT '-infinity',
    vigente_hasta timestamptz NOT NULL DEFAULT 'infinity', -- exclusive
    es_actual boolean NOT NULL DEFAULT true,
    es_inferido boolean NOT NULL DEFAULT false,
    eliminado boolean NOT NULL DEFAULT false,
    CONSTRAINT pk_dim_cliente PRIMARY KEY (cliente_clave),
    CONSTRAINT uq_dim_cliente_version UNIQUE (id_cliente, vigente_desde),
    CONSTRAINT ck_dim_cliente_vigencia CHECK (vigente_desde < vigente_hasta),
    CONSTRAINT ck_dim_cliente_actual CHECK (es_actual = (vigente_hasta = 'infinity'))
);

CREATE UNIQUE INDEX IF NOT EXISTS uq_dim_cliente_actual ON dw.dim_cliente (id_cliente) WHERE es_actual;
CREATE INDEX IF NOT EXISTS ix_dim_cliente_campana_origen ON dw.dim_cliente (id_campana_origen) WHERE es_actual;
CREATE INDEX IF NOT EXISTS ix_dim_cliente_incompleto ON dw.dim_cliente (id_cliente) WHERE es_inferido OR eliminado;

-- What did a campaign do on a channel on one day? Grain: campaign, channel, day. One partition a month, made by
-- dw.crear_particion when the refresh meets a month without one.
CREATE TABLE IF NOT EXISTS dw.hecho_rendimiento (
    id_rendimiento bigint NOT NULL,
    fecha date NOT NULL,
    id_campana integer NOT NULL,
    id_canal integer NOT NULL,
    impresiones bigint,
    alcance bigint,
    clics integer,
    reacciones integer,
    conversiones integer,
    moneda text,
    costo numeric(18, 2),
    ingresos numeric(18, 2),
    costo_usd numeric(20, 4),
    ingresos_usd numeric(20, 4),
    CONSTRAINT pk_hecho_rendimiento PRIMARY KEY (id_rendimiento, fecha)
) PARTITION BY RANGE (fecha);

CREATE INDEX IF NOT EXISTS ix_hecho_rendimiento_campana ON dw.hecho_rendimiento (id_campana, fecha);

-- What was sold? Grain: sale. cliente_clave is the customer's version at the moment of the sale, id_mercado the market
-- that this version lives in (NULL where the place is no market).
CREATE TABLE IF NOT EXISTS dw.hecho_venta (
    id_venta integer NOT NULL,
    fecha date NOT NULL,
    momento timestamp NOT NULL,
    id_cliente integer NOT NULL,
    cliente_clave bigint NOT NULL,
    id_mercado integer,
    id_campana integer NOT NULL,
    id_canal integer NOT NULL,
    estado text,
    lineas integer NOT NULL,
    unidades bigint NOT NULL,
    moneda text,
    total numeric(18, 2) NOT NULL,
    total_usd numeric(20, 4),
    CONSTRAINT pk_hecho_venta PRIMARY KEY (id_venta)
);

CREATE INDEX IF NOT EXISTS ix_hecho_venta_campana ON dw.hecho_venta (id_campana, fecha);
CREATE INDEX IF NOT EXISTS ix_hecho_venta_fecha ON dw.hecho_venta (fecha);
CREATE INDEX IF NOT EXISTS ix_hecho_venta_cliente ON dw.hecho_venta (id_cliente, momento);
CREATE INDEX IF NOT EXISTS ix_hecho_venta_mercado ON dw.hecho_venta (id_mercado, fecha);

-- Who showed interest, and what became of it? Grain: lead. Without a customer until it is converted.
CREATE TABLE IF NOT EXISTS dw.hecho_lead (
    id_lead integer NOT NULL,
    fecha date NOT NULL,
    creado_en timestamp NOT NULL,
    convertido_en timestamp,
    id_campana integer NOT NULL,
    id_canal integer NOT NULL,
    id_cliente integer,
    cliente_clave bigint, -- the version at creado_en
    estado text,
    puntaje numeric(5, 2),
    CONSTRAINT pk_hecho_lead PRIMARY KEY (id_lead)
);

CREATE INDEX IF NOT EXISTS ix_hecho_lead_campana ON dw.hecho_lead (id_campana, fecha);
CREATE INDEX IF NOT EXISTS ix_hecho_lead_cliente ON dw.hecho_lead (id_cliente);

-- How did people react to an ad on one day? Grain: ad, day. Campaign, channel and influencer are the ad's: NULL until
-- the ad has arrived, and after it was deleted.
CREATE TABLE IF NOT EXISTS dw.hecho_sentimiento (
    id_sentimiento bigint NOT NULL,
    id_anuncio integer NOT NULL,
    fecha date NOT NULL,
    id_campana integer,
    id_canal integer,
    id_influencer integer,
    positivos integer,
    neutros integer,
    negativos integer,
    puntaje double precision, -- from -1 to 1
    reacciones integer,
    CONSTRAINT pk_hecho_sentimiento PRIMARY KEY (id_sentimiento)
);

CREATE INDEX IF NOT EXISTS ix_hecho_sentimiento_anuncio ON dw.hecho_sentimiento (id_anuncio);
CREATE INDEX IF NOT EXISTS ix_hecho_sentimiento_campana ON dw.hecho_sentimiento (id_campana, fecha);
CREATE INDEX IF NOT EXISTS ix_hecho_sentimiento_influencer ON dw.hecho_sentimiento (id_influencer);

-- What did generated copy and outside services take in tokens, time and money? Grain: one generation (origen 'copia',
-- out of logs_campanas) or one request (origen 'solicitud', out of bitacora_solicitudes). estado is the copy's or the
-- request's result; modelo is NULL for requests, servicio and metodo for copies.
CREATE TABLE IF NOT EXISTS dw.hecho_contenido (
    origen text NOT NULL,
    id_origen text NOT NULL,
    fecha date,
    momento timestamptz,
    id_campana integer,
    modelo text,
    servicio text,
    metodo text,
    plantilla text,
    estado text,
    aprobado_en timestamptz,
    tokens bigint,
    latencia_ms double precision,
    costo_usd numeric(20, 6), -- NULL without tokens, or without a tariff of its model or service
    CONSTRAINT pk_hecho_contenido PRIMARY KEY (origen, id_origen),
    CONSTRAINT ck_hecho_contenido_origen CHECK (origen IN ('copia', 'solicitud'))
);

CREATE INDEX IF NOT EXISTS ix_hecho_contenido_campana ON dw.hecho_contenido (id_campana, fecha);
CREATE INDEX IF NOT EXISTS ix_hecho_contenido_fecha ON dw.hecho_contenido (fecha);

-- What is a unit of a currency worth in US dollars, from which day on?
CREATE TABLE IF NOT EXISTS dw.tipo_cambio (
    moneda text NOT NULL,
    fecha date NOT NULL,
    usd_por_unidad numeric(18, 10) NOT NULL,
    CONSTRAINT pk_tipo_cambio PRIMARY KEY (moneda, fecha),
    CONSTRAINT ck_tipo_cambio_positivo CHECK (usd_por_unidad > 0)
);

-- What does a million tokens of a model (or of a service that tells no model) cost, from which day on?
CREATE TABLE IF NOT EXISTS dw.tarifa_modelo (
    modelo text NOT NULL,
    desde date NOT NULL,
    usd_por_millon_tokens numeric(12, 4) NOT NULL,
    CONSTRAINT pk_tarifa_modelo PRIMARY KEY (modelo, desde),
    CONSTRAINT ck_tarifa_modelo_positiva CHECK (usd_por_millon_tokens >= 0)
);

GRANT SELECT, INSERT, UPDATE, DELETE, MAINTAIN ON ALL TABLES IN SCHEMA dw TO promptsales_etl;
