/*
  Records a sale with its lines, and what it says about the customer.

  referencia is the caller's own key of the sale: sent twice, the second is refused (50221), so that a call whose answer
  got lost can be repeated safely.
  A sale makes its customer active, and moves the segment up, never down, by what was bought within a year of it: from 8
  purchases on premium, from 3 frecuente; with an earlier purchase at all, ocasional. Purchases, not amounts: sales are
  in several currencies. A row whose segment stays is not written, so that it does not travel to the warehouse.

  Errors: 50200, 50201, 50202, 50220, 50221, 50222.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

-- fecha: UTC; now, when not given.
CREATE OR ALTER PROCEDURE dbo.usp_registrar_venta
    @id_cliente int,
    @id_campana int,
    @id_canal int,
    @moneda char(3),
    @referencia uniqueidentifier,
    @lineas dbo.tipo_lineas_venta READONLY,
    @fecha datetime2(0) = NULL,
    @id_venta int = NULL OUTPUT
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    DECLARE @transaccion_propia bit = IIF(@@TRANCOUNT = 0, 1, 0);
    DECLARE @inicio datetime2(3) = SYSUTCDATETIME();
    DECLARE @detalle nvarchar(400);
    DECLARE @total decimal(18, 2);
    DECLARE @linea smallint;
    DECLARE @segmento nvarchar(20);
    DECLARE @segmento_nuevo nvarchar(20);
    DECLARE @del_ano int;
    DECLARE @error int;
    DECLARE @nueva int;

    BEGIN TRY
        SET @detalle = CASE
            WHEN @id_cliente IS NULL THEN N'id_cliente.'
            WHEN @id_campana IS NULL THEN N'id_campana.'
            WHEN @id_canal IS NULL THEN N'id_canal.'
            WHEN @moneda IS NULL THEN N'moneda.'
            WHEN @referencia IS NULL THEN N'referencia.'
        END;
        IF @detalle IS NOT NULL
            EXECUTE dbo.usp_lanzar_error 50200, @detalle;
        IF @moneda COLLATE Latin1_General_100_BIN2 NOT LIKE '[A-Z][A-Z][A-Z]'
            EXECUTE dbo.usp_lanzar_error 50201, N'moneda no es un código ISO 4217.';
        IF NOT EXISTS (SELECT 1 FROM @lineas)
            EXECUTE dbo.usp_lanzar_error 50202;

        SET @linea = (
            SELECT MIN(numero_linea)
            FROM @lineas
            WHERE cantidad <= 0 OR precio_unitario < 0 OR numero_linea <= 0 OR LTRIM(producto) = N''
        );
        IF @linea IS NOT NULL
        BEGIN
            SET @detalle = CONCAT(N'línea ', @linea, N'.');
            EXECUTE dbo.usp_lanzar_error 50222, @detalle;
        END;

        SET @fecha = COALESCE(@fecha, SYSUTCDATETIME());
        SET @total = (SELECT SUM(cantidad * precio_unitario) FROM @lineas);
        SET @nueva = NEXT VALUE FOR dbo.seq_ventas;

        IF @transaccion_propia = 1
            BEGIN TRANSACTION;

        -- The customer first, and locked for update: of two sales to one customer at once the second waits here, so
        -- that it counts the first; and every sale takes its locks in the same order, so that none wait in a circle.
        SELECT @segmento = segmento
        FROM dbo.clientes WITH (UPDLOCK, ROWLOCK)
        WHERE id_cliente = @id_cliente;
        IF @segmento IS NULL
        BEGIN
            SET @detalle = CONCAT(N'id_cliente ', @id_cliente, N'.');
            EXECUTE dbo.usp_lanzar_error 50220, @detalle;
        END;

        INSERT INTO dbo.ventas (
            id_venta, id_cliente, id_campana, id_canal, fecha, total, moneda, estado, referencia
        )
        VALUES (
            @nueva, @id_cliente, @id_campana, @id_canal, @fecha, @total, @moneda, N'confirmada', @referencia
        );
        INSERT INTO dbo.lineas_venta (
            id_venta, numero_linea, producto, cantidad, precio_unitario, importe
        )
        SELECT
            @nueva,
            numero_linea,
            LTRIM(RTRIM(producto)),
            cantidad,
            precio_unitario,
            cantidad * precio_unitario
        FROM @lineas;

        SET @del_ano = (
            SELECT COUNT(*)
            FROM dbo.ventas
            WHERE id_cliente = @id_cliente AND fecha > DATEADD(YEAR, -1, @fecha) AND fecha <= @fecha
        );
        SET @segmento_nuevo = CASE
            WHEN @segmento = N'premium' OR @del_ano >= 8 THEN N'premium'
            WHEN @segmento = N'frecuente' OR @del_ano >= 3 THEN N'frecuente'
            WHEN
                @segmento IN (N'ocasional', N'inactivo')
                OR EXISTS (
                    SELECT 1
                    FROM dbo.ventas
                    WHERE id_cliente = @id_cliente AND id_venta <> @nueva
                )
                THEN N'ocasional'
            ELSE N'nuevo'
        END;
        UPDATE dbo.clientes
        SET
            segmento = @segmento_nuevo,
            activo = 1
        WHERE id_cliente = @id_cliente AND (segmento <> @segmento_nuevo OR activo = 0);

        IF @transaccion_propia = 1
            COMMIT TRANSACTION;
        SET @id_venta = @nueva;
        EXECUTE dbo.usp_registrar_evento N'usp_registrar_venta', N'correcto', @id_venta, 1, NULL, @inicio;
    END TRY
    BEGIN CATCH
        SET @error = ERROR_NUMBER();
        IF @transaccion_propia = 1 AND XACT_STATE() <> 0
            ROLLBACK TRANSACTION;
        EXECUTE dbo.usp_registrar_evento N'usp_registrar_venta', N'error', @id_cliente, NULL, @error, @inicio;
        -- Of the unique keys written here only referencia can repeat: the others come from the sequence or from the
        -- primary key of the table type.
        IF @error IN (2601, 2627)
        BEGIN
            SET @detalle = CONCAT(N'referencia ', CONVERT(nvarchar(36), @referencia), N'.');
            EXECUTE dbo.usp_lanzar_error 50221, @detalle;
        END;
        THROW;
    END CATCH;
END;
GO
