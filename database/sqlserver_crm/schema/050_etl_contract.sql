/*
  PromptCRM: the delta contract, the only schema that the ETL may read.

  etl.<table>  the columns that may leave this database, and version: rv as a bigint.
  etl.bajas    tombstones: which key of which table is gone, and when.
  etl.limite   the highest version that can no longer change hands.

  rv stands beside version because only it is indexed: a window must bound rv, as in
  rv > CAST(CAST(low AS bigint) AS rowversion), for version is computed and a window on it scans the table.

  A reader takes high from etl.limite in a statement of its own, and only then the rows with version > low
  AND version <= high. A transaction still open when it asked has versions above high: the next window
  brings its rows. Under SNAPSHOT isolation the limit must be read before the transaction's first read of a
  table, because MIN_ACTIVE_ROWVERSION() is always of now and the snapshot is not.

  Personal data stops here: etl.clientes has a hash of the e-mail, the year of birth and the place to about one
  kilometre, never names, ciphertexts, other hashes, the whole date or the door.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

CREATE OR ALTER VIEW etl.clientes
AS
SELECT
    id_cliente,
    correo_hash,
    YEAR(fecha_nacimiento) AS anio_nacimiento,
    genero,
    segmento,
    pais,
    codigo_pais,
    region,
    ciudad,
    CONVERT(decimal(9, 6), ROUND(latitud, 2)) AS latitud,
    CONVERT(decimal(9, 6), ROUND(longitud, 2)) AS longitud,
    id_campana_origen,
    fecha_registro,
    activo,
    rv,
    CONVERT(bigint, rv) AS version
FROM dbo.clientes;
GO

CREATE OR ALTER VIEW etl.leads
AS
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
    CONVERT(bigint, rv) AS version
FROM dbo.leads;
GO

CREATE OR ALTER VIEW etl.ventas
AS
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
    CONVERT(bigint, rv) AS version
FROM dbo.ventas;
GO

CREATE OR ALTER VIEW etl.lineas_venta
AS
SELECT
    id_venta,
    numero_linea,
    producto,
    cantidad,
    precio_unitario,
    importe,
    rv,
    CONVERT(bigint, rv) AS version
FROM dbo.lineas_venta;
GO

CREATE OR ALTER VIEW etl.consentimientos
AS
SELECT
    id_consentimiento,
    id_cliente,
    medio,
    otorgado,
    fecha,
    fuente,
    rv,
    CONVERT(bigint, rv) AS version
FROM dbo.consentimientos;
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
