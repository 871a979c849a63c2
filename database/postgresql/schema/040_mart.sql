-- What do marketing and sales ask? Tables that follow dw a group of rows at a time (`promptsales etl refresh`), and the
-- views that people and servers read.
--
-- Conventions:
--   * tables end in _mes, _pais, _cliente or _grupo, after their grain; views are named after the question;
--   * every table that holds figures of a country has its codigo_pais, 'ZZ' (ISO 3166-1, user-assigned) where the place
--     is unknown; 060_row_security.sql shows each reader the rows of their own countries;
--   * views run with the rights of who reads them (security_invoker), so that this holds for them too;
--   * a key's column is never NULL: 0 stands for no campaign, channel or market, 'XXX' (ISO 4217) for no currency;
--   * what a campaign did is known by channel and day, not by place: it is shared among the campaign's markets by their
--     weights, exactly, so that the shares of all countries add up to the whole; a remainder of the weights is 'ZZ'.

CREATE SCHEMA IF NOT EXISTS mart;
GRANT USAGE ON SCHEMA mart TO promptsales_etl;

-- Up to which refresh of dw are the marts built? One row. version grows whenever something in mart changed.
CREATE TABLE IF NOT EXISTS mart.posicion (
    unica boolean NOT NULL DEFAULT TRUE,
    id_refresco bigint, -- NULL: never built
    version bigint NOT NULL DEFAULT 0,
    version_en_cache bigint NOT NULL DEFAULT 0, -- up to which the campaigns' statistics are in Redis
    cambiadas text[] NOT NULL DEFAULT '{}', -- what changed with this version
    ultima_venta date, -- the day that "now" means for recency
    actualizado_en timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_posicion PRIMARY KEY (unica),
    CONSTRAINT ck_posicion_unica CHECK (unica)
);

INSERT INTO mart.posicion DEFAULT VALUES ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS mart.mercado (
    id_mercado integer NOT NULL,
    pais text,
    codigo_pais text NOT NULL,
    region text,
    ciudad text,
    CONSTRAINT pk_mercado PRIMARY KEY (id_mercado)
);

CREATE TABLE IF NOT EXISTS mart.campana (
    id_campana integer NOT NULL,
    nombre text,
    id_marca integer,
    marca text,
    sector text,
    objetivo text,
    estado text,
    fecha_inicio date,
    fecha_fin date,
    version bigint NOT NULL, -- of mart.posicion when anything of the campaign last changed in mart
    CONSTRAINT pk_campana PRIMARY KEY (id_campana)
);

CREATE INDEX IF NOT EXISTS ix_campana_version ON mart.campana (version);

CREATE TABLE IF NOT EXISTS mart.campana_pais (
    id_campana integer NOT NULL,
    codigo_pais text NOT NULL,
    peso numeric NOT NULL, -- 0 where it sold without addressing the country
    moneda text NOT NULL,
    presupuesto numeric,
    presupuesto_usd numeric,
    CONSTRAINT pk_campana_pais PRIMARY KEY (id_campana, codigo_pais)
);

CREATE INDEX IF NOT EXISTS ix_campana_pais_pais ON mart.campana_pais (codigo_pais, id_campana);

CREATE TABLE IF NOT EXISTS mart.actividad_mes (
    id_campana integer NOT NULL,
    mes date NOT NULL, -- its first day
    id_canal integer NOT NULL,
    id_mercado integer NOT NULL,
    moneda text NOT NULL,
    codigo_pais text NOT NULL, -- the market's
    impresiones numeric NOT NULL,
    alcance numeric NOT NULL, -- sum of the days' reach: not of different people
    clics numeric NOT NULL,
    conversiones numeric NOT NULL,
    costo numeric NOT NULL,
    costo_usd numeric NOT NULL,
    ventas bigint NOT NULL,
    unidades bigint NOT NULL,
    ingresos numeric NOT NULL,
    ingresos_usd numeric NOT NULL,
    ventas_sin_cambio bigint NOT NULL, -- sales missing in ingresos_usd: no rate for their currency and day
    CONSTRAINT pk_actividad_mes PRIMARY KEY (id_campana, mes, id_canal, id_mercado, moneda)
);

CREATE INDEX IF NOT EXISTS ix_actividad_mes_pais ON mart.actividad_mes (codigo_pais, mes);

CREATE TABLE IF NOT EXISTS mart.embudo_mes (
    id_campana integer NOT NULL,
    cohorte date NOT NULL, -- first day of the month in which the lead was made
    id_canal integer NOT NULL,
    codigo_pais text NOT NULL, -- where the lead's customer lived then; 'ZZ' until there is one
    leads bigint NOT NULL,
    contactados bigint NOT NULL, -- got at least so far; how far a lost one got is not known
    calificados bigint NOT NULL,
    convertidos bigint NOT NULL,
    perdidos bigint NOT NULL,
    compradores bigint NOT NULL, -- bought in the lead's campaign from the conversion on
    ingresos_usd numeric NOT NULL, -- of these purchases; a customer with two leads in a campaign counts with each
    horas_conversion numeric NOT NULL, -- sum, from lead to conversion
    CONSTRAINT pk_embudo_mes PRIMARY KEY (id_campana, cohorte, id_canal, codigo_pais)
);

CREATE INDEX IF NOT EXISTS ix_embudo_mes_pais ON mart.embudo_mes (codigo_pais, cohorte);

-- One row a customer who ever bought. Nobody but the refresh reads it.
CREATE TABLE IF NOT EXISTS mart.rfm_cliente (
    id_cliente integer NOT NULL,
    codigo_pais text NOT NULL,
    mes_ultima date NOT NULL, -- first day of the month of the last purchase
    frecuencia smallint NOT NULL, -- 1 to 5, by number of purchases
    monto smallint NOT NULL, -- 1 to 5, by US dollars spent
    ventas bigint NOT NULL,
    ingresos_usd numeric NOT NULL,
    CONSTRAINT pk_rfm_cliente PRIMARY KEY (id_cliente)
);

CREATE TABLE IF NOT EXISTS mart.rfm_grupo (
    codigo_pais text NOT NULL,
    mes_ultima date NOT NULL,
    frecuencia smallint NOT NULL,
    monto smallint NOT NULL,
    clientes bigint NOT NULL,
    ventas bigint NOT NULL,
    ingresos_usd numeric NOT NULL,
    CONSTRAINT pk_rfm_grupo PRIMARY KEY (codigo_pais, mes_ultima, frecuencia, monto)
);

-- Content without a date is not in it.
CREATE TABLE IF NOT EXISTS mart.contenido_mes (
    id_campana integer NOT NULL, -- 0: of none, as a request to an outside service or copy from before its campaign
    mes date NOT NULL,
    origen text NOT NULL, -- copia or solicitud
    motor text NOT NULL, -- the model of a copy, the service of a request
    detalle text NOT NULL, -- the template of a copy, the method of a request
    piezas bigint NOT NULL,
    aprobadas bigint NOT NULL,
    fallidas bigint NOT NULL, -- requests that did not succeed
    tokens numeric NOT NULL,
    costo_usd numeric NOT NULL,
    latencia_ms numeric NOT NULL, -- sum
    latencias bigint NOT NULL, -- of how many
    CONSTRAINT pk_contenido_mes PRIMARY KEY (id_campana, mes, origen, motor, detalle)
);

CREATE TABLE IF NOT EXISTS mart.sentimiento_mes (
    id_campana integer NOT NULL,
    mes date NOT NULL,
    id_canal integer NOT NULL,
    positivos bigint NOT NULL,
    neutros bigint NOT NULL,
    negativos bigint NOT NULL,
    CONSTRAINT pk_sentimiento_mes PRIMARY KEY (id_campana, mes, id_canal)
);

-- Names, without figures of anyone's: with its owner's rights, because readers may not read dw.
CREATE OR REPLACE VIEW mart.canal WITH (security_barrier) AS
SELECT id_canal, nombre, tipo FROM dw.dim_canal;

CREATE OR REPLACE VIEW mart.rendimiento_campana_mes WITH (security_invoker) AS
SELECT
    id_campana,
    mes,
    moneda,
    round(sum(impresiones)) AS impresiones,
    round(sum(clics)) AS clics,
    round(sum(conversiones)) AS conversiones,
    sum(ventas)::bigint AS ventas,
    round(sum(costo), 2) AS costo,
    round(sum(ingresos), 2) AS ingresos,
    round(sum(costo_usd), 2) AS costo_usd,
    round(sum(ingresos_usd), 2) AS ingresos_usd,
    round((sum(ingresos_usd) - sum(costo_usd)) / nullif(sum(costo_usd), 0), 4) AS roi
FROM mart.actividad_mes
GROUP BY id_campana, mes, moneda;

CREATE OR REPLACE VIEW mart.rendimiento_campana WITH (security_invoker) AS
WITH totals AS (
    SELECT
        id_campana,
        sum(impresiones) AS impresiones,
        sum(clics) AS clics,
        sum(conversiones) AS conversiones,
        sum(ventas) AS ventas,
        sum(ingresos_usd) AS ingresos_usd,
        sum(costo_usd) AS costo_usd,
        -- In a single currency or not at all.
        CASE WHEN min(moneda) = max(moneda) THEN sum(ingresos) END AS ingresos,
        CASE WHEN min(moneda) = max(moneda) THEN sum(costo) END AS costo
    FROM mart.actividad_mes
    GROUP BY id_campana
),
budgets AS (
    SELECT
        id_campana,
        min(moneda) AS moneda,
        sum(presupuesto) AS presupuesto,
        sum(presupuesto_usd) AS presupuesto_usd
    FROM mart.campana_pais
    GROUP BY id_campana
)
SELECT
    campana.id_campana,
    campana.nombre,
    campana.marca,
    campana.sector,
    campana.objetivo,
    campana.estado,
    campana.fecha_inicio,
    campana.fecha_fin,
    budgets.moneda,
    round(budgets.presupuesto, 2) AS presupuesto,
    round(totals.costo, 2) AS costo,
    round(totals.ingresos, 2) AS ingresos,
    round(budgets.presupuesto_usd, 2) AS presupuesto_usd,
    round(totals.costo_usd, 2) AS costo_usd,
    round(totals.ingresos_usd, 2) AS ingresos_usd,
    round((totals.ingresos_usd - totals.costo_usd) / nullif(totals.costo_usd, 0), 4) AS roi,
    round(totals.impresiones) AS impresiones,
    round(totals.clics) AS clics,
    round(totals.conversiones) AS conversiones,
    totals.ventas::bigint AS ventas,
    round(totals.clics / nullif(totals.impresiones, 0), 4) AS tasa_clics
FROM mart.campana AS campana
LEFT JOIN totals USING (id_campana)
LEFT JOIN budgets USING (id_campana);

CREATE OR REPLACE VIEW mart.ranking_canal WITH (security_invoker) AS
WITH totals AS (
    SELECT
        id_canal,
        mes,
        sum(impresiones) AS impresiones,
        sum(clics) AS clics,
        sum(ventas)::bigint AS ventas,
        sum(costo_usd) AS costo_usd,
        sum(ingresos_usd) AS ingresos_usd
    FROM mart.actividad_mes
    GROUP BY id_canal, mes
)
SELECT
    totals.mes,
    rank() OVER (PARTITION BY totals.mes ORDER BY totals.ingresos_usd DESC) AS posicion,
    totals.id_canal,
    canal.nombre AS canal,
    canal.tipo,
    round(totals.impresiones) AS impresiones,
    round(totals.clics) AS clics,
    totals.ventas,
    round(totals.costo_usd, 2) AS costo_usd,
    round(totals.ingresos_usd, 2) AS ingresos_usd,
    round((totals.ingresos_usd - totals.costo_usd) / nullif(totals.costo_usd, 0), 4) AS roi
FROM totals
LEFT JOIN mart.canal AS canal USING (id_canal);

CREATE OR REPLACE VIEW mart.ventas_lugar_mes WITH (security_invoker) AS
WITH totals AS (
    SELECT
        id_mercado,
        codigo_pais,
        mes,
        sum(ventas)::bigint AS ventas,
        sum(unidades)::bigint AS unidades,
        sum(ingresos_usd) AS ingresos_usd,
        sum(ventas_sin_cambio)::bigint AS ventas_sin_cambio
    FROM mart.actividad_mes
    WHERE ventas > 0
    GROUP BY id_mercado, codigo_pais, mes
)
SELECT
    totals.codigo_pais,
    mercado.pais,
    mercado.region,
    mercado.ciudad,
    totals.id_mercado,
    totals.mes,
    totals.ventas,
    totals.unidades,
    round(totals.ingresos_usd, 2) AS ingresos_usd,
    round(totals.ingresos_usd / nullif(totals.ventas - totals.ventas_sin_cambio, 0), 2) AS venta_media_usd,
    totals.ventas_sin_cambio
FROM totals
LEFT JOIN mart.mercado AS mercado USING (id_mercado);

CREATE OR REPLACE VIEW mart.ranking_mercado WITH (security_invoker) AS
WITH totals AS (
    SELECT
        id_mercado,
        codigo_pais,
        mes,
        sum(ventas)::bigint AS ventas,
        sum(costo_usd) AS costo_usd,
        sum(ingresos_usd) AS ingresos_usd
    FROM mart.actividad_mes
    GROUP BY id_mercado, codigo_pais, mes
)
SELECT
    totals.mes,
    rank() OVER (PARTITION BY totals.mes ORDER BY totals.ingresos_usd DESC) AS posicion,
    rank() OVER (PARTITION BY totals.mes, totals.codigo_pais ORDER BY totals.ingresos_usd DESC) AS posicion_en_pais,
    totals.id_mercado,
    totals.codigo_pais,
    mercado.pais,
    mercado.ciudad,
    totals.ventas,
    round(totals.costo_usd, 2) AS costo_usd,
    round(totals.ingresos_usd, 2) AS ingresos_usd,
    round((totals.ingresos_usd - totals.costo_usd) / nullif(totals.costo_usd, 0), 4) AS roi
FROM totals
LEFT JOIN mart.mercado AS mercado USING (id_mercado);

CREATE OR REPLACE VIEW mart.embudo_cohorte WITH (security_invoker) AS
SELECT
    embudo.cohorte,
    embudo.id_campana,
    embudo.id_canal,
    canal.nombre AS canal,
    embudo.codigo_pais,
    embudo.leads,
    embudo.contactados,
    embudo.calificados,
    embudo.convertidos,
    embudo.perdidos,
    embudo.compradores,
    round(embudo.ingresos_usd, 2) AS ingresos_usd,
    round(embudo.horas_conversion / nullif(embudo.convertidos, 0) / 24, 1) AS dias_conversion
FROM mart.embudo_mes AS embudo
LEFT JOIN mart.canal AS canal USING (id_canal);

CREATE OR REPLACE VIEW mart.segmentos_rfm WITH (security_invoker) AS
WITH ages AS (
    SELECT
        grupo.*,
        (extract(YEAR FROM age) * 12 + extract(MONTH FROM age))::integer AS meses
    FROM mart.rfm_grupo AS grupo
    CROSS JOIN mart.posicion
    CROSS JOIN LATERAL age(date_trunc('month', posicion.ultima_venta), grupo.mes_ultima::timestamp)
),
scored AS (
    SELECT
        ages.*,
        CASE
            WHEN meses <= 1 THEN 5
            WHEN meses <= 3 THEN 4
            WHEN meses <= 6 THEN 3
            WHEN meses <= 12 THEN 2
            ELSE 1
        END AS recencia
    FROM ages
),
named AS (
    SELECT
        scored.*,
        CASE
            WHEN recencia >= 4 AND frecuencia >= 3 THEN 'campeones'
            WHEN recencia >= 3 AND frecuencia >= 2 THEN 'leales'
            WHEN recencia >= 4 THEN 'nuevos'
            WHEN frecuencia >= 2 THEN 'en_riesgo'
            WHEN recencia = 1 THEN 'perdidos'
            ELSE 'ocasionales'
        END AS segmento
    FROM scored
)
SELECT
    codigo_pais,
    segmento,
    recencia,
    frecuencia,
    monto,
    sum(clientes)::bigint AS clientes,
    sum(ventas)::bigint AS ventas,
    round(sum(ingresos_usd), 2) AS ingresos_usd
FROM named
GROUP BY codigo_pais, segmento, recencia, frecuencia, monto;

CREATE OR REPLACE VIEW mart.rendimiento_contenido WITH (security_invoker) AS
SELECT
    id_campana,
    mes,
    origen,
    motor,
    detalle,
    piezas,
    aprobadas,
    fallidas,
    tokens,
    round(costo_usd, 4) AS costo_usd,
    round(costo_usd / nullif(aprobadas, 0), 6) AS costo_por_aprobada_usd,
    round(latencia_ms / nullif(latencias, 0), 1) AS latencia_media_ms
FROM mart.contenido_mes;

CREATE OR REPLACE VIEW mart.sentimiento_campana WITH (security_invoker) AS
SELECT
    sentimiento.id_campana,
    sentimiento.mes,
    sentimiento.id_canal,
    canal.nombre AS canal,
    sentimiento.positivos,
    sentimiento.neutros,
    sentimiento.negativos,
    round(
        (sentimiento.positivos - sentimiento.negativos)::numeric
        / nullif(sentimiento.positivos + sentimiento.neutros + sentimiento.negativos, 0), 4
    ) AS saldo
FROM mart.sentimiento_mes AS sentimiento
LEFT JOIN mart.canal AS canal USING (id_canal);

CREATE OR REPLACE VIEW mart.frescura_etl WITH (security_barrier) AS
SELECT
    watermark.source AS fuente,
    watermark.table_name AS tabla,
    load.committed_at AS ultima_carga,
    extract(EPOCH FROM clock_timestamp() - load.committed_at)::bigint AS segundos,
    load.rows_inserted + load.rows_updated + load.rows_deleted AS filas,
    coalesce(rejected.filas, 0) AS rechazadas,
    failure.failed_at AS ultimo_fallo,
    -- since committed work has waited at the source for an older transaction there
    extract(EPOCH FROM clock_timestamp() - watermark.held_since)::bigint AS segundos_retenida
FROM etl.watermarks AS watermark
JOIN LATERAL (
    SELECT loads.*
    FROM etl.loads
    WHERE loads.source = watermark.source AND loads.table_name = watermark.table_name
    ORDER BY loads.committed_at DESC
    LIMIT 1
) AS load ON TRUE
LEFT JOIN (
    SELECT source, table_name, count(*) AS filas
    FROM etl.rejected_rows
    WHERE resolved_at IS NULL
    GROUP BY source, table_name
) AS rejected ON rejected.source = watermark.source AND rejected.table_name = watermark.table_name
LEFT JOIN LATERAL (
    SELECT failures.failed_at
    FROM etl.failures
    WHERE
        failures.source = watermark.source
        AND failures.table_name = watermark.table_name
        AND failures.failed_at > load.committed_at
    ORDER BY failures.failed_at DESC
    LIMIT 1
) AS failure ON TRUE
UNION ALL
SELECT 'promptsales', 'dw', refresco.terminado_en,
    extract(EPOCH FROM clock_timestamp() - refresco.terminado_en)::bigint,
    (SELECT sum(value::bigint) FROM jsonb_each_text(refresco.filas))::bigint, 0, NULL, NULL
FROM (SELECT * FROM dw.refrescos ORDER BY id_refresco DESC LIMIT 1) AS refresco
UNION ALL
SELECT 'promptsales', 'mart', posicion.actualizado_en,
    extract(EPOCH FROM clock_timestamp() - posicion.actualizado_en)::bigint, NULL, 0, NULL, NULL
FROM mart.posicion
WHERE posicion.id_refresco IS NOT NULL;

COMMENT ON VIEW mart.canal IS
'Grain: channel. Question: what is channel 3 called, and of what type is it?';
COMMENT ON TABLE mart.mercado IS
'Grain: market. Question: in which cities of Costa Rica are there markets?';
COMMENT ON TABLE mart.campana IS
'Grain: campaign. Question: which active campaigns does the brand of campaign 1 have?';
COMMENT ON TABLE mart.campana_pais IS
'Grain: campaign, country. Question: what share of each budget is meant for Costa Rica?';
COMMENT ON TABLE mart.actividad_mes IS
'Grain: campaign, month, channel, market, currency. Question: what did a campaign spend and earn, where and over what?';
COMMENT ON TABLE mart.embudo_mes IS
'Grain: campaign, month of the lead, channel, country. Question: read through the view embudo_cohorte.';
COMMENT ON TABLE mart.rfm_cliente IS
'Grain: customer who bought. Question: none of a reader; the refresh derives rfm_grupo from it.';
COMMENT ON TABLE mart.rfm_grupo IS
'Grain: country, month of last purchase, frequency 1-5, money 1-5. Question: read through the view segmentos_rfm.';
COMMENT ON TABLE mart.contenido_mes IS
'Grain: campaign, month, origin, engine, template or method. Question: read through the view rendimiento_contenido.';
COMMENT ON TABLE mart.sentimiento_mes IS
'Grain: campaign, month, channel. Question: read through the view sentimiento_campana.';
COMMENT ON TABLE mart.posicion IS
'Grain: one row. Question: which version of the marts is this?';
COMMENT ON VIEW mart.rendimiento_campana_mes IS
'Grain: campaign, month, currency. Question: how did the return of campaign 1 develop from month to month?';
COMMENT ON VIEW mart.rendimiento_campana IS
'Grain: campaign. Question: which ten campaigns have the best return on what they cost (roi, in US dollars)?';
COMMENT ON VIEW mart.ranking_canal IS
'Grain: channel, month. Question: which channel earned most last month?';
COMMENT ON VIEW mart.ventas_lugar_mes IS
'Grain: market, month. Question: how much was sold by country, region and city in the last twelve months?';
COMMENT ON VIEW mart.ranking_mercado IS
'Grain: market, month. Question: which city leads each country this month?';
COMMENT ON VIEW mart.embudo_cohorte IS
'Grain: month of the lead, campaign, channel, country. Question: of the leads of each month, how many bought?';
COMMENT ON VIEW mart.segmentos_rfm IS
'Grain: country, recency, frequency, money (1-5 each). Question: how many champions and lost customers are there?';
COMMENT ON VIEW mart.rendimiento_contenido IS
'Grain: campaign, month, origin, engine, template or method. Question: what does an approved text cost, by model?';
COMMENT ON VIEW mart.sentimiento_campana IS
'Grain: campaign, month, channel. Question: which campaigns are received worst this month?';
COMMENT ON VIEW mart.frescura_etl IS
'Grain: mirror, and dw and mart. Question: how old is what I am looking at, and what failed since?';

GRANT SELECT, INSERT, UPDATE, DELETE, MAINTAIN ON
mart.mercado, mart.campana, mart.campana_pais, mart.actividad_mes, mart.embudo_mes, mart.rfm_cliente,
mart.rfm_grupo, mart.contenido_mes, mart.sentimiento_mes
TO promptsales_etl;
GRANT SELECT, UPDATE ON mart.posicion TO promptsales_etl;
GRANT SELECT ON mart.canal, mart.rendimiento_campana TO promptsales_etl;
