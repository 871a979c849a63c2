-- Up to which load of each mirror is the star schema built? A mirror without a row here is compared with dw whole.
CREATE TABLE IF NOT EXISTS dw.posiciones (
    fuente text NOT NULL,
    tabla text NOT NULL,
    load_id bigint NOT NULL,
    actualizado_en timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_posiciones PRIMARY KEY (fuente, tabla)
);

-- Which refreshes were committed, when, and how many rows did each change in which table?
CREATE TABLE IF NOT EXISTS dw.refrescos (
    id_refresco bigint GENERATED ALWAYS AS IDENTITY,
    iniciado_en timestamptz NOT NULL,
    terminado_en timestamptz NOT NULL DEFAULT clock_timestamp(),
    filas jsonb NOT NULL, -- {"hecho_venta": 12, ...}: only tables that changed
    CONSTRAINT pk_refrescos PRIMARY KEY (id_refresco)
);

-- What did a refresh touch? For whoever derives from dw incrementally: campaign and day of every fact that was
-- inserted, updated or deleted, as it was before and as it is now; fecha is NULL for dim_campana and its bridge.
-- Kept for a week.
CREATE TABLE IF NOT EXISTS dw.cambios (
    id_refresco bigint NOT NULL,
    tabla text NOT NULL,
    id_campana integer,
    fecha date
);

CREATE INDEX IF NOT EXISTS ix_cambios_refresco ON dw.cambios (id_refresco);

-- Which customers did a refresh touch, in dim_cliente or by one of their sales? Kept for a week.
CREATE TABLE IF NOT EXISTS dw.cambios_cliente (
    id_refresco bigint NOT NULL,
    id_cliente integer NOT NULL
);

CREATE INDEX IF NOT EXISTS ix_cambios_cliente_refresco ON dw.cambios_cliente (id_refresco);

GRANT SELECT, INSERT, UPDATE, DELETE, MAINTAIN
ON dw.posiciones, dw.refrescos, dw.cambios, dw.cambios_cliente TO promptsales_etl;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA dw TO promptsales_etl;

-- Which rows did loads delete from a mirror? Written in the load's own transaction; the refresh takes them away once
-- the star schema has followed. row_key holds the key's values, in the spec's order.
CREATE TABLE IF NOT EXISTS etl.deleted_rows (
    source text NOT NULL,
    table_name text NOT NULL,
    row_key jsonb NOT NULL,
    load_id bigint NOT NULL,
    deleted_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS ix_deleted_rows_load ON etl.deleted_rows (source, table_name, load_id);

GRANT SELECT, INSERT, DELETE ON etl.deleted_rows TO promptsales_etl;

-- Fresh statistics after a large load are the ETL's to make.
GRANT MAINTAIN ON ALL TABLES IN SCHEMA ods_promptads, ods_promptcrm, ods_promptcontent TO promptsales_etl;
ALTER DEFAULT PRIVILEGES IN SCHEMA ods_promptads, ods_promptcrm, ods_promptcontent
GRANT MAINTAIN ON TABLES TO promptsales_etl;

-- Make the partition of dw.hecho_rendimiento for the month of `mes`, unless it is there. It runs with its owner's
-- rights, because the ETL may not create tables. The partition is made first and attached then, which keeps no reader
-- of the table waiting.
CREATE OR REPLACE FUNCTION dw.crear_particion(mes date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    desde CONSTANT date := date_trunc('month', mes);
    hasta CONSTANT date := date_trunc('month', mes) + interval '1 month';
    particion CONSTANT text := format('hecho_rendimiento_%s', to_char(mes, 'YYYYMM'));
BEGIN
    IF to_regclass(format('dw.%I', particion)) IS NULL THEN
        EXECUTE format('CREATE TABLE dw.%I (LIKE dw.hecho_rendimiento INCLUDING ALL)', particion);
        EXECUTE format(
            'ALTER TABLE dw.hecho_rendimiento ATTACH PARTITION dw.%I FOR VALUES FROM (%L) TO (%L)',
            particion, desde, hasta
        );
        EXECUTE format('GRANT MAINTAIN ON dw.%I TO promptsales_etl', particion);
    END IF;
END
$$;

REVOKE ALL ON FUNCTION dw.crear_particion(date) FROM public;
GRANT EXECUTE ON FUNCTION dw.crear_particion(date) TO promptsales_etl;
