-- PromptCRM, stand-in: the delta contract. The counterpart of schema/050_etl_contract.sql.

CREATE OR REPLACE VIEW etl.clientes AS
SELECT
    id_cliente,
    correo_hash,
    extract(year FROM fecha_nacimiento)::integer AS anio_nacimiento,
    genero,
    segmento,
    pais,
    codigo_pais,
    region,
    ciudad,
    round(latitud, 2)::numeric(9, 6) AS latitud,
    round(longitud, 2)::numeric(9, 6) AS longitud,
    id_campana_origen,
    fecha_registro,
    activo,
    rv,
    rv AS version
FROM dbo.clientes;

CREATE OR REPLACE VIEW etl.leads AS
SELECT
    id_lead,
    id_campana,
    id_canal,
    id_cliente,
    estado,
    puntaje,
    creado_en,
    convertido_en,
    rv,
    rv AS version
FROM dbo.leads;

CREATE OR REPLACE VIEW etl.ventas AS
SELECT
    id_venta,
    id_cliente,
    id_campana,
    id_canal,
    fecha,
    total,
    moneda,
    estado,
    referencia,
    rv,
    rv AS version
FROM dbo.ventas;

CREATE OR REPLACE VIEW etl.lineas_venta AS
SELECT
    id_venta,
    numero_linea,
    producto,
    cantidad,
    precio_unitario,
    importe,
    rv,
    rv AS version
FROM dbo.lineas_venta;

CREATE OR REPLACE VIEW etl.consentimientos AS
SELECT
    id_consentimiento,
    id_cliente,
    medio,
    otorgado,
    fecha,
    fuente,
    rv,
    rv AS version
FROM dbo.consentimientos;

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
