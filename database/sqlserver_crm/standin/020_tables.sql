-- PromptCRM, stand-in: sequences, tables and indexes. The counterpart of schema/020_tables.sql and
-- 030_indexes.sql, with the types that PostgreSQL has for SQL Server's.
--
-- SQL Server checks a key when the statement ends, PostgreSQL row by row unless the constraint is
-- deferrable. The keys that no foreign key points at are, so that a statement may swap or shift them as it
-- may on SQL Server. Left out are the indexes for the look-ups of procedures, which do not run here.

CREATE SEQUENCE IF NOT EXISTS dbo.seq_clientes AS integer;
CREATE SEQUENCE IF NOT EXISTS dbo.seq_leads AS integer;
CREATE SEQUENCE IF NOT EXISTS dbo.seq_ventas AS integer;
CREATE SEQUENCE IF NOT EXISTS dbo.seq_consentimientos AS integer;

-- People. Document, e-mail and telephone exist only as ciphertext and as a keyed hash (HMAC-SHA256) to look
-- them up by: there is no plaintext of them in this database.
CREATE TABLE IF NOT EXISTS dbo.clientes (
    id_cliente integer NOT NULL DEFAULT nextval('dbo.seq_clientes'),
    nombre varchar(80) NOT NULL,
    apellidos varchar(120) NOT NULL,
    documento_cifrado bytea,
    documento_hash bytea NOT NULL,
    correo_cifrado bytea,
    correo_hash bytea NOT NULL,
    telefono_cifrado bytea,
    telefono_hash bytea NOT NULL,
    fecha_nacimiento date NOT NULL,
    genero char(1) NOT NULL,
    segmento varchar(20) NOT NULL,
    pais varchar(60) NOT NULL,
    codigo_pais char(2) NOT NULL,
    region varchar(80) NOT NULL,
    ciudad varchar(80) NOT NULL,
    latitud numeric(9, 6) NOT NULL,
    longitud numeric(9, 6) NOT NULL,
    id_campana_origen integer NOT NULL,
    fecha_registro timestamp(3) NOT NULL,
    activo boolean NOT NULL DEFAULT true,
    rv bigint NOT NULL,
    CONSTRAINT PK_clientes PRIMARY KEY (id_cliente),
    CONSTRAINT UQ_clientes_documento_hash UNIQUE (documento_hash),
    CONSTRAINT CK_clientes_genero CHECK (genero IN ('F', 'M', 'X')),
    CONSTRAINT CK_clientes_segmento
        CHECK (segmento IN ('nuevo', 'ocasional', 'frecuente', 'premium', 'inactivo')),
    CONSTRAINT CK_clientes_coordenadas CHECK (latitud BETWEEN -90 AND 90 AND longitud BETWEEN -180 AND 180)
);

-- Contacts that a campaign brought, some of which became customers. puntaje: 0 to 100.
CREATE TABLE IF NOT EXISTS dbo.leads (
    id_lead integer NOT NULL DEFAULT nextval('dbo.seq_leads'),
    id_campana integer NOT NULL,
    id_canal integer NOT NULL,
    id_cliente integer,
    estado varchar(20) NOT NULL,
    puntaje numeric(5, 2) NOT NULL,
    creado_en timestamp(3) NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    convertido_en timestamp(3),
    rv bigint NOT NULL,
    CONSTRAINT PK_leads PRIMARY KEY (id_lead) DEFERRABLE,
    CONSTRAINT FK_leads_clientes FOREIGN KEY (id_cliente) REFERENCES dbo.clientes (id_cliente),
    CONSTRAINT CK_leads_estado
        CHECK (estado IN ('nuevo', 'contactado', 'calificado', 'convertido', 'perdido')),
    CONSTRAINT CK_leads_puntaje CHECK (puntaje BETWEEN 0 AND 100)
);

-- Sales, each won by one campaign. total: sum of its lines, in moneda, which is the campaign's.
CREATE TABLE IF NOT EXISTS dbo.ventas (
    id_venta integer NOT NULL DEFAULT nextval('dbo.seq_ventas'),
    id_cliente integer NOT NULL,
    id_campana integer NOT NULL,
    id_canal integer NOT NULL,
    fecha timestamp(0) NOT NULL,
    total numeric(18, 2) NOT NULL,
    moneda char(3) NOT NULL,
    estado varchar(20) NOT NULL,
    referencia uuid NOT NULL,
    rv bigint NOT NULL,
    CONSTRAINT PK_ventas PRIMARY KEY (id_venta),
    CONSTRAINT UQ_ventas_referencia UNIQUE (referencia),
    CONSTRAINT FK_ventas_clientes FOREIGN KEY (id_cliente) REFERENCES dbo.clientes (id_cliente),
    CONSTRAINT CK_ventas_estado CHECK (estado IN ('confirmada', 'enviada', 'entregada')),
    CONSTRAINT CK_ventas_total CHECK (total >= 0)
);

-- Lines of a sale. SUM(importe) of a sale equals ventas.total.
CREATE TABLE IF NOT EXISTS dbo.lineas_venta (
    id_venta integer NOT NULL,
    numero_linea smallint NOT NULL,
    producto varchar(120) NOT NULL,
    cantidad integer NOT NULL,
    precio_unitario numeric(18, 2) NOT NULL,
    importe numeric(18, 2) NOT NULL,
    rv bigint NOT NULL,
    CONSTRAINT PK_lineas_venta PRIMARY KEY (id_venta, numero_linea) DEFERRABLE,
    CONSTRAINT FK_lineas_venta_ventas FOREIGN KEY (id_venta) REFERENCES dbo.ventas (id_venta),
    CONSTRAINT CK_lineas_venta_cantidad CHECK (cantidad > 0),
    CONSTRAINT CK_lineas_venta_importes CHECK (precio_unitario >= 0 AND importe >= 0)
);

-- What a customer allowed, medium by medium: a new row a decision, the latest one holds.
CREATE TABLE IF NOT EXISTS dbo.consentimientos (
    id_consentimiento integer NOT NULL DEFAULT nextval('dbo.seq_consentimientos'),
    id_cliente integer NOT NULL,
    medio varchar(20) NOT NULL,
    otorgado boolean NOT NULL,
    fecha timestamp(0) NOT NULL,
    fuente varchar(60) NOT NULL,
    rv bigint NOT NULL,
    CONSTRAINT PK_consentimientos PRIMARY KEY (id_consentimiento) DEFERRABLE,
    CONSTRAINT FK_consentimientos_clientes FOREIGN KEY (id_cliente) REFERENCES dbo.clientes (id_cliente),
    CONSTRAINT CK_consentimientos_medio CHECK (medio IN ('correo', 'telefono', 'mensaje'))
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
CREATE INDEX IF NOT EXISTS IX_clientes_rv ON dbo.clientes (rv, id_cliente);
CREATE INDEX IF NOT EXISTS IX_leads_rv ON dbo.leads (rv, id_lead);
CREATE INDEX IF NOT EXISTS IX_ventas_rv ON dbo.ventas (rv, id_venta);
CREATE INDEX IF NOT EXISTS IX_lineas_venta_rv ON dbo.lineas_venta (rv, id_venta, numero_linea);
CREATE INDEX IF NOT EXISTS IX_consentimientos_rv ON dbo.consentimientos (rv, id_consentimiento);
CREATE INDEX IF NOT EXISTS IX_bajas_rv ON dbo.bajas (tabla, rv, clave);
CREATE INDEX IF NOT EXISTS IX_leads_id_cliente ON dbo.leads (id_cliente);
CREATE INDEX IF NOT EXISTS IX_ventas_id_cliente ON dbo.ventas (id_cliente);
CREATE INDEX IF NOT EXISTS IX_consentimientos_id_cliente ON dbo.consentimientos (id_cliente);

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
