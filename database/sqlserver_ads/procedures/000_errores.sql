/*
  PromptAds: every error that the procedures raise, 50100 to 50199. README.md says when each is raised.

  The table is made to equal the list below: a number taken off the list leaves the table. A number, once released,
  keeps its meaning: programs compare numbers, people read messages.
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
        CONSTRAINT CK_errores_numero CHECK (numero BETWEEN 50100 AND 50199)
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
(50101, N'marca_no_disponible', N'The brand does not exist or is not active:'),
(50102, N'fechas_invertidas', N'The campaign ends before it begins:'),
(50103, N'campana_incompleta', N'A campaign takes at least one channel, one ad and one market.'),
(50104, N'canal_no_disponible', N'The channel is not active, or is unknown and comes without type and price:'),
(50105, N'anuncio_sin_canal', N'An ad names a channel key that none of the channels has:'),
(50106, N'influencer_no_disponible', N'The influencer does not exist or does not publish on the channel of the ad:'),
(50107, N'mercado_desconocido', N'There is no such market:'),
(50108, N'pesos_no_validos', N'The shares of the markets must be above 0 and add up to 1:'),
(50109, N'referencia_repetida', N'A campaign with this reference exists already:'),
(50110, N'canal_sin_anuncio', N'No ad of the campaign is for the channel:'),
(50111, N'texto_demasiado_largo', N'A text is longer than its column:'),
(50120, N'rendimiento_vacio', N'There are no rows to record.'),
(50121, N'rendimiento_sin_campana', N'There is no such campaign:'),
(50122, N'rendimiento_sin_canal', N'There is no such channel:'),
(50123, N'rendimiento_fuera_de_fecha', N'The day is in the future or outside the campaign:'),
(50130, N'cierre_prematuro', N'Only campaigns whose last day is past can be closed:'),
(50140, N'plazo_demasiado_corto', N'The log keeps at least 7 days.'),
(50141, N'version_no_valida', N'Tombstones are deleted up to a version above 0 that etl.limite has passed.');

BEGIN TRANSACTION;

DELETE FROM dbo.errores
WHERE numero NOT IN (SELECT numero FROM @declarados);

UPDATE registrado
SET nombre = declarado.nombre, mensaje = declarado.mensaje
FROM dbo.errores AS registrado
INNER JOIN @declarados AS declarado ON registrado.numero = declarado.numero
WHERE registrado.nombre <> declarado.nombre OR registrado.mensaje <> declarado.mensaje;

INSERT INTO dbo.errores (numero, nombre, mensaje)
SELECT declarado.numero, declarado.nombre, declarado.mensaje
FROM @declarados AS declarado
WHERE NOT EXISTS (
    SELECT 1
    FROM dbo.errores AS registrado
    WHERE registrado.numero = declarado.numero
);

COMMIT TRANSACTION;
GO

DENY INSERT, UPDATE, DELETE ON OBJECT::dbo.errores TO data_writer;
GO

-- Raises a registered error: its message, and a detail. A procedure of its own, because THROW takes no expression as
-- its message; what it raises is caught by the CATCH of whoever called it.
CREATE OR ALTER PROCEDURE dbo.usp_lanzar_error
    @numero int,
    @detalle nvarchar(400) = NULL
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    DECLARE @mensaje nvarchar(2048);

    SELECT @mensaje = CONCAT(mensaje, N' ' + @detalle) -- NULL + text is NULL: no detail, no blank
    FROM dbo.errores
    WHERE numero = @numero;

    SET @mensaje = COALESCE(@mensaje, N'unregistered error');
    THROW @numero, @mensaje, 1;
END;
GO
