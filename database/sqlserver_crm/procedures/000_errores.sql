/*
  PromptCRM: every error that the procedures raise, 50200 to 50299. README.md says what a caller does about each.

  The table is made to equal the list below: a number taken off the list leaves the table.
  No message has a place for a value of a customer: details are keys, row numbers and column names.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

IF OBJECT_ID(N'dbo.errores', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.errores (
        numero int NOT NULL,
        nombre nvarchar(60) NOT NULL,
        mensaje nvarchar(400) NOT NULL,
        CONSTRAINT PK_errores PRIMARY KEY CLUSTERED (numero),
        CONSTRAINT UQ_errores_nombre UNIQUE (nombre),
        CONSTRAINT CK_errores_numero CHECK (numero BETWEEN 50200 AND 50299)
    );
END;
GO

SET XACT_ABORT ON;
DECLARE @declarados TABLE (
    numero int NOT NULL PRIMARY KEY,
    nombre nvarchar(60) NOT NULL,
    mensaje nvarchar(400) NOT NULL
);
INSERT INTO @declarados (numero, nombre, mensaje)
VALUES
(50200, N'parametro_obligatorio', N'Falta un parámetro obligatorio:'),
(50201, N'datos_no_validos', N'Los datos no son válidos:'),
(50202, N'lote_vacio', N'No se dio ninguna fila.'),
(50203, N'documento_repetido', N'Ya existe un cliente con ese documento, o el lote lo repite.'),
(
    50210, N'llave_no_disponible',
    N'Las llaves de los datos personales no están disponibles: se instalan con sqlserver_crm/security.'
),
(50211, N'descifrado_imposible', N'Un dato cifrado no se abre con el certificado instalado:'),
(50220, N'cliente_inexistente', N'El cliente no existe:'),
(50221, N'venta_repetida', N'Ya existe una venta con esa referencia:'),
(50222, N'linea_no_valida', N'Una línea de la venta no es válida:'),
(50230, N'lead_inexistente', N'El lead no existe:'),
(50231, N'lead_cerrado', N'El lead ya se convirtió o se perdió:'),
(50232, N'lead_de_otro_cliente', N'El lead es de otro cliente:'),
(50240, N'busqueda_no_valida', N'Se busca por documento, correo o telefono, y con un valor.'),
(50241, N'area_no_valida', N'El área de la búsqueda no es válida:'),
(50242, N'descifrado_en_transaccion', N'Los datos personales no se leen en claro dentro de una transacción.'),
(50250, N'vinculo_no_disponible', N'El servidor vinculado PROMPTADS no respondió, y sin él no hay qué comparar:'),
(50251, N'vinculo_en_transaccion', N'El servidor vinculado no se lee dentro de una transacción.'),
(50260, N'plazo_demasiado_corto', N'La bitácora conserva al menos 7 días.'),
(50261, N'version_no_valida', N'Las bajas se borran hasta una versión mayor que 0 que etl.limite ya pasó.');

BEGIN TRANSACTION;
DELETE FROM dbo.errores
WHERE numero NOT IN (SELECT numero FROM @declarados);
UPDATE e
SET
    e.nombre = d.nombre,
    e.mensaje = d.mensaje
FROM dbo.errores AS e
INNER JOIN @declarados AS d ON e.numero = d.numero
WHERE e.nombre <> d.nombre OR e.mensaje <> d.mensaje;
INSERT INTO dbo.errores (numero, nombre, mensaje)
SELECT
    d.numero,
    d.nombre,
    d.mensaje
FROM @declarados AS d
WHERE NOT EXISTS (
    SELECT 1
    FROM dbo.errores AS e
    WHERE e.numero = d.numero
);
COMMIT TRANSACTION;
GO

-- Raises a registered error: its message, and a detail. A procedure of its own, because THROW takes no expression as
-- its message; what it raises is caught by the CATCH of whoever called it.
CREATE OR ALTER PROCEDURE dbo.usp_lanzar_error
    @numero int,
    @detalle nvarchar(400) = NULL
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    DECLARE @mensaje nvarchar(2048) = (
        SELECT CONCAT(mensaje, N' ' + @detalle) -- NULL + text is NULL: no detail, no blank
        FROM dbo.errores
        WHERE numero = @numero
    );
    SET @mensaje = COALESCE(@mensaje, N'Error sin registrar.');
    THROW @numero, @mensaje, 1;
END;
GO

-- The procedures read it through the ownership chain; nobody writes it but this file.
DENY INSERT, UPDATE, DELETE ON OBJECT::dbo.errores TO data_writer;
GO
