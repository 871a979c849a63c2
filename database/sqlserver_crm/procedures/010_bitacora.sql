/*
  PromptCRM: the log that every procedure writes: which one ran, as whom, on what key, how long, with what outcome.

  No personal data: clave is a database key, and of an error only the number is kept. Messages of SQL Server quote the
  values they stumbled on (2627 the duplicate key, 2628 the truncated text), so they never come here.
  usp_purgar_bitacora deletes the rows older than 90 days, along IX_bitacora_procedimientos_registrado_en.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

IF OBJECT_ID(N'dbo.seq_bitacora_procedimientos', N'SO') IS NULL
    CREATE SEQUENCE dbo.seq_bitacora_procedimientos AS bigint START WITH 1 INCREMENT BY 1 CACHE 1000;
GO

-- resultado: correcto, error, or descifrado (someone read personal data in clear).
IF OBJECT_ID(N'dbo.bitacora_procedimientos', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.bitacora_procedimientos (
        id_evento bigint NOT NULL
            CONSTRAINT DF_bitacora_procedimientos_id_evento DEFAULT (NEXT VALUE FOR dbo.seq_bitacora_procedimientos),
        procedimiento nvarchar(128) NOT NULL,
        resultado nvarchar(20) NOT NULL,
        clave nvarchar(60) NULL,
        filas int NULL,
        numero_error int NULL,
        duracion_ms int NULL,
        usuario nvarchar(128) NOT NULL
            CONSTRAINT DF_bitacora_procedimientos_usuario DEFAULT (ORIGINAL_LOGIN()),
        registrado_en datetime2(3) NOT NULL
            CONSTRAINT DF_bitacora_procedimientos_registrado_en DEFAULT (SYSUTCDATETIME()),
        CONSTRAINT PK_bitacora_procedimientos PRIMARY KEY CLUSTERED (id_evento),
        CONSTRAINT CK_bitacora_procedimientos_resultado
            CHECK (resultado IN (N'correcto', N'error', N'descifrado'))
    );
END;
GO
IF INDEXPROPERTY(
    OBJECT_ID(N'dbo.bitacora_procedimientos'), N'IX_bitacora_procedimientos_registrado_en', 'IndexID'
) IS NULL
    CREATE INDEX IX_bitacora_procedimientos_registrado_en ON dbo.bitacora_procedimientos (registrado_en);
GO
DENY INSERT, UPDATE, DELETE ON OBJECT::dbo.bitacora_procedimientos TO data_writer;
GO

/*
  Writes one row, and never stands in the way of the operation it reports:
    - XACT_ABORT OFF, or a row that the table refuses would doom the caller's transaction;
    - in a transaction that is already doomed nothing can be written, so nothing is tried;
    - what fails here is swallowed, unless it doomed the transaction (a deadlock, above all): the operation is lost
      then, and whoever called must hear it now rather than as error 3930 at its next statement.
  Inside a caller's transaction the row lives and dies with it.
  @obligatorio = 1 is for what may not happen off the record: a row that cannot be written is an error then.
*/
CREATE OR ALTER PROCEDURE dbo.usp_registrar_evento
    @procedimiento nvarchar(128),
    @resultado nvarchar(20),
    @clave nvarchar(60) = NULL,
    @filas int = NULL,
    @numero_error int = NULL,
    @inicio datetime2(3) = NULL,
    @obligatorio bit = 0
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT OFF;
    IF XACT_STATE() = -1
        RETURN;
    BEGIN TRY
        INSERT INTO dbo.bitacora_procedimientos (
            procedimiento, resultado, clave, filas, numero_error, duracion_ms
        )
        VALUES (
            @procedimiento, @resultado, @clave, @filas, @numero_error, DATEDIFF(MILLISECOND, @inicio, SYSUTCDATETIME())
        );
    END TRY
    BEGIN CATCH
        IF @obligatorio = 1 OR XACT_STATE() = -1
            THROW;
    END CATCH;
END;
GO
