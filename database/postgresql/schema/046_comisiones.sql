-- What does an influencer earn on a month's sales? What `procedures/100_calcular_comisiones.sql` reads and writes.

-- Of a month's sales in US dollars from `desde_usd` on, the whole earns `porcentaje`.
CREATE TABLE IF NOT EXISTS ops.tarifa_comision (
    desde_usd numeric(18, 2) NOT NULL,
    porcentaje numeric(5, 2) NOT NULL,
    actualizado_en timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_tarifa_comision PRIMARY KEY (desde_usd),
    CONSTRAINT ck_tarifa_comision_porcentaje CHECK (porcentaje BETWEEN 0 AND 100)
);

INSERT INTO ops.tarifa_comision (desde_usd, porcentaje)
VALUES (0, 2), (10000, 3), (50000, 4)
ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS ops.corridas_comision (
    mes date NOT NULL,
    estado text NOT NULL DEFAULT 'en_curso',
    ultimo_influencer integer NOT NULL DEFAULT 0, -- up to whom the committed batches got
    procesados integer NOT NULL DEFAULT 0,
    iniciado_en timestamptz NOT NULL DEFAULT clock_timestamp(),
    actualizado_en timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT pk_corridas_comision PRIMARY KEY (mes),
    CONSTRAINT ck_corridas_comision_mes CHECK (mes = date_trunc('month', mes)),
    CONSTRAINT ck_corridas_comision_estado CHECK (estado IN ('en_curso', 'terminada'))
);

CREATE TABLE IF NOT EXISTS ops.comisiones (
    mes date NOT NULL,
    id_influencer integer NOT NULL,
    ventas bigint NOT NULL,
    base_usd numeric(18, 2) NOT NULL,
    porcentaje numeric(5, 2) NOT NULL,
    comision_usd numeric(18, 2) NOT NULL,
    actualizado_en timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT pk_comisiones PRIMARY KEY (mes, id_influencer)
);

COMMENT ON TABLE ops.comisiones IS
'Grain: month, influencer. Question: what is each influencer paid for a month, and on what sales?';

-- The sales of a campaign on a channel are of the influencers who carry its ads there, in equal parts. A sale without
-- a rate to US dollars counts as a sale and adds nothing.
CREATE OR REPLACE FUNCTION ops.base_comision(p_mes date)
RETURNS TABLE (id_influencer integer, ventas bigint, base_usd numeric)
-- Not SQL: such a body is checked when it is made, and the mirrors are made after this file.
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH carried AS (
        SELECT DISTINCT anuncios.id_influencer, anuncios.id_campana, anuncios.id_canal
        FROM ods_promptads.anuncios
        WHERE anuncios.id_influencer IS NOT NULL
    ),
    parts AS (
        SELECT carried.*, count(*) OVER (PARTITION BY carried.id_campana, carried.id_canal) AS influencers
        FROM carried
    )
    SELECT parts.id_influencer, count(*), round(sum(coalesce(hecho.total_usd, 0) / parts.influencers), 2)
    FROM parts
    JOIN dw.hecho_venta AS hecho USING (id_campana, id_canal)
    WHERE hecho.fecha >= p_mes AND hecho.fecha < p_mes + interval '1 month'
    GROUP BY parts.id_influencer;
END
$$;

REVOKE ALL ON FUNCTION ops.base_comision(date) FROM public;
GRANT USAGE ON SCHEMA ops TO promptsales_gerente;
GRANT SELECT ON ops.tarifa_comision, ops.corridas_comision, ops.comisiones TO promptsales_gerente;
