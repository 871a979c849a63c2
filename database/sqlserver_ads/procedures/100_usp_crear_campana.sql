/*
  Creates a campaign with its ads, channels and markets, or nothing of it.

  Transactions, here and in every procedure of this folder: one that finds a transaction open works inside it and leaves
  COMMIT and ROLLBACK to whoever began it; only one that began its own ends it. A nested BEGIN TRANSACTION would only
  count, a ROLLBACK would undo the caller's work too and end in error 266, and a savepoint is no use: with XACT_ABORT ON
  an error makes the transaction uncommittable, and such a one cannot go back to a savepoint. So a caller that gets an
  error from here must roll back, as XACT_STATE() = -1 tells it.

  @referencia   the caller's own key of the campaign: sent twice, the second is refused (50109), so that a call whose
                answer got lost can be repeated safely.
  @presupuesto  in @moneda, as is every amount recorded for the campaign later.
  @id_campana   OUTPUT: its key. NULL when the call failed.

  Result: the temporary keys of each ad and of its channel, and the real ones.

  Errors: 50101 to 50111; and as the server words them 515 for a NULL, 547 for a value outside its list, and 2627 when
  another session made the same reference or the same new channel at the same moment.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

CREATE OR ALTER PROCEDURE dbo.usp_crear_campana
    @id_marca int,
    @referencia uniqueidentifier,
    @nombre nvarchar(400),
    @descripcion nvarchar(max),
    @objetivo nvarchar(20),
    @fecha_inicio date,
    @fecha_fin date,
    @presupuesto decimal(18, 2),
    @moneda char(3),
    @canales dbo.tipo_canales READONLY,
    @anuncios dbo.tipo_anuncios READONLY,
    @mercados dbo.tipo_mercados READONLY,
    @id_campana int = NULL OUTPUT
AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    DECLARE @transaccion_propia bit = IIF(@@TRANCOUNT = 0, 1, 0);
    DECLARE @inicio datetime2(3) = SYSUTCDATETIME();
    DECLARE @hoy date = CONVERT(date, SYSUTCDATETIME());
    DECLARE @nueva int;
    DECLARE @filas int = 0;
    DECLARE @detalle nvarchar(400);
    DECLARE @error int;
    DECLARE @mapa_canales TABLE (
        clave_canal int NOT NULL PRIMARY KEY,
        id_canal int NULL,
        es_nuevo bit NOT NULL
    );
    DECLARE @mapa_anuncios TABLE (
        clave_anuncio int NOT NULL PRIMARY KEY,
        id_anuncio int NOT NULL,
        id_canal int NOT NULL,
        id_influencer int NULL
    );
    DECLARE @mapa_mercados TABLE (
        id_mercado int NOT NULL PRIMARY KEY,
        peso decimal(5, 4) NOT NULL
    );

    SET @id_campana = NULL;

    BEGIN TRY
        -- All that must be read is read before the transaction, which then only writes and is short. What may change in
        -- between is held by constraints: the foreign keys, and the unique reference and channel name.
        IF NOT EXISTS (
            SELECT 1
            FROM dbo.marcas
            WHERE id_marca = @id_marca AND activa = 1
        )
        BEGIN
            SET @detalle = CONCAT(N'id_marca ', @id_marca, N'.');
            EXECUTE dbo.usp_lanzar_error 50101, @detalle;
        END;

        IF @fecha_fin < @fecha_inicio
        BEGIN
            SET @detalle = CONCAT(
                CONVERT(char(10), @fecha_inicio, 23), N' to ', CONVERT(char(10), @fecha_fin, 23), N'.'
            );
            EXECUTE dbo.usp_lanzar_error 50102, @detalle;
        END;

        -- SQL Server cuts an argument to its parameter's length without a word: hence parameters wider than columns.
        IF LEN(@nombre) > 160
            EXECUTE dbo.usp_lanzar_error 50111, N'nombre has more than 160 characters.';

        IF NOT EXISTS (SELECT 1 FROM @canales)
            OR NOT EXISTS (SELECT 1 FROM @anuncios)
            OR NOT EXISTS (SELECT 1 FROM @mercados)
            EXECUTE dbo.usp_lanzar_error 50103;

        IF EXISTS (
            SELECT 1
            FROM dbo.campanas
            WHERE referencia = @referencia
        )
        BEGIN
            SET @detalle = CONCAT(CONVERT(nvarchar(36), @referencia), N'.');
            EXECUTE dbo.usp_lanzar_error 50109, @detalle;
        END;

        SELECT TOP (1) @detalle = CONCAT(dado.nombre, N'.')
        FROM @canales AS dado
        LEFT JOIN dbo.canales AS canal ON dado.nombre = canal.nombre
        WHERE canal.activo = 0
            OR (canal.id_canal IS NULL AND (dado.tipo IS NULL OR dado.costo_por_mil IS NULL))
        ORDER BY dado.clave_canal;
        IF @detalle IS NOT NULL
            EXECUTE dbo.usp_lanzar_error 50104, @detalle;

        SELECT TOP (1) @detalle = CONCAT(N'clave_anuncio ', anuncio.clave_anuncio, N'.')
        FROM @anuncios AS anuncio
        WHERE NOT EXISTS (
            SELECT 1
            FROM @canales AS dado
            WHERE dado.clave_canal = anuncio.clave_canal
        )
        ORDER BY anuncio.clave_anuncio;
        IF @detalle IS NOT NULL
            EXECUTE dbo.usp_lanzar_error 50105, @detalle;

        SELECT TOP (1) @detalle = CONCAT(dado.nombre, N'.')
        FROM @canales AS dado
        WHERE NOT EXISTS (
            SELECT 1
            FROM @anuncios AS anuncio
            WHERE anuncio.clave_canal = dado.clave_canal
        )
        ORDER BY dado.clave_canal;
        IF @detalle IS NOT NULL
            EXECUTE dbo.usp_lanzar_error 50110, @detalle;

        SELECT TOP (1) @detalle = CONCAT(anuncio.usuario_influencer, N'.')
        FROM @anuncios AS anuncio
        INNER JOIN @canales AS dado ON anuncio.clave_canal = dado.clave_canal
        WHERE anuncio.usuario_influencer IS NOT NULL
            AND NOT EXISTS (
                SELECT 1
                FROM dbo.influencers AS influencer
                INNER JOIN dbo.canales AS canal ON influencer.id_canal = canal.id_canal
                WHERE influencer.usuario = anuncio.usuario_influencer AND canal.nombre = dado.nombre
            )
        ORDER BY anuncio.clave_anuncio;
        IF @detalle IS NOT NULL
            EXECUTE dbo.usp_lanzar_error 50106, @detalle;

        SELECT TOP (1) @detalle = CONCAT(dado.codigo_pais, N', ', dado.region, N', ', dado.ciudad, N'.')
        FROM @mercados AS dado
        LEFT JOIN dbo.mercados AS mercado
            ON dado.codigo_pais = mercado.codigo_pais
                AND dado.region = mercado.region
                AND dado.ciudad = mercado.ciudad
        WHERE mercado.id_mercado IS NULL
        ORDER BY dado.codigo_pais, dado.region, dado.ciudad;
        IF @detalle IS NOT NULL
            EXECUTE dbo.usp_lanzar_error 50107, @detalle;

        SELECT @detalle = CONCAT(N'the least is ', MIN(peso), N', the sum ', SUM(peso), N'.')
        FROM @mercados
        HAVING MIN(peso) <= 0 OR SUM(peso) <> 1;
        IF @detalle IS NOT NULL
            EXECUTE dbo.usp_lanzar_error 50108, @detalle;

        INSERT INTO @mapa_mercados (id_mercado, peso)
        SELECT mercado.id_mercado, dado.peso
        FROM @mercados AS dado
        INNER JOIN dbo.mercados AS mercado
            ON dado.codigo_pais = mercado.codigo_pais
                AND dado.region = mercado.region
                AND dado.ciudad = mercado.ciudad;

        -- Real keys come from the sequences before any row is written, paired here with the temporary ones: no
        -- key is guessed, and none has to be asked back. A call that fails leaves a gap, which no one counts on.
        INSERT INTO @mapa_canales (clave_canal, id_canal, es_nuevo)
        SELECT dado.clave_canal, canal.id_canal, CASE WHEN canal.id_canal IS NULL THEN 1 ELSE 0 END
        FROM @canales AS dado
        LEFT JOIN dbo.canales AS canal ON dado.nombre = canal.nombre;

        UPDATE @mapa_canales
        SET id_canal = NEXT VALUE FOR dbo.seq_canales
        WHERE es_nuevo = 1;

        INSERT INTO @mapa_anuncios (clave_anuncio, id_anuncio, id_canal, id_influencer)
        SELECT
            anuncio.clave_anuncio,
            NEXT VALUE FOR dbo.seq_anuncios,
            canal.id_canal,
            influencer.id_influencer
        FROM @anuncios AS anuncio
        INNER JOIN @mapa_canales AS canal ON anuncio.clave_canal = canal.clave_canal
        LEFT JOIN dbo.influencers AS influencer ON anuncio.usuario_influencer = influencer.usuario;

        SET @nueva = NEXT VALUE FOR dbo.seq_campanas;

        IF @transaccion_propia = 1
            BEGIN TRANSACTION;

        INSERT INTO dbo.canales (id_canal, nombre, tipo, costo_por_mil)
        SELECT mapa.id_canal, dado.nombre, dado.tipo, dado.costo_por_mil
        FROM @mapa_canales AS mapa
        INNER JOIN @canales AS dado ON mapa.clave_canal = dado.clave_canal
        WHERE mapa.es_nuevo = 1;
        SET @filas += @@ROWCOUNT;

        INSERT INTO dbo.campanas (
            id_campana,
            id_marca,
            referencia,
            nombre,
            descripcion,
            objetivo,
            estado,
            fecha_inicio,
            fecha_fin,
            presupuesto,
            moneda
        )
        VALUES (
            @nueva,
            @id_marca,
            @referencia,
            @nombre,
            @descripcion,
            @objetivo,
            CASE
                WHEN @fecha_fin < @hoy THEN N'finalizada'
                WHEN @fecha_inicio <= @hoy THEN N'activa'
                ELSE N'planificada'
            END,
            @fecha_inicio,
            @fecha_fin,
            @presupuesto,
            @moneda
        );
        SET @filas += @@ROWCOUNT;

        INSERT INTO dbo.anuncios (id_anuncio, id_campana, id_canal, id_influencer, titulo, texto, formato)
        SELECT
            mapa.id_anuncio,
            @nueva,
            mapa.id_canal,
            mapa.id_influencer,
            anuncio.titulo,
            anuncio.texto,
            anuncio.formato
        FROM @mapa_anuncios AS mapa
        INNER JOIN @anuncios AS anuncio ON mapa.clave_anuncio = anuncio.clave_anuncio;
        SET @filas += @@ROWCOUNT;

        INSERT INTO dbo.campanas_mercados (id_campana, id_mercado, peso)
        SELECT @nueva, id_mercado, peso
        FROM @mapa_mercados;
        SET @filas += @@ROWCOUNT;

        IF @transaccion_propia = 1
            COMMIT TRANSACTION;

        SET @id_campana = @nueva;
        EXECUTE dbo.usp_registrar_evento N'usp_crear_campana', N'correcto', @nueva, @filas, NULL, @inicio;

        SELECT mapa.clave_anuncio, mapa.id_anuncio, anuncio.clave_canal, mapa.id_canal
        FROM @mapa_anuncios AS mapa
        INNER JOIN @anuncios AS anuncio ON mapa.clave_anuncio = anuncio.clave_anuncio
        ORDER BY mapa.clave_anuncio;
    END TRY
    BEGIN CATCH
        SET @error = ERROR_NUMBER();
        IF @transaccion_propia = 1 AND XACT_STATE() <> 0
            ROLLBACK TRANSACTION;
        SET @detalle = CONVERT(nvarchar(36), @referencia);
        EXECUTE dbo.usp_registrar_evento N'usp_crear_campana', N'error', @detalle, NULL, @error, @inicio;
        THROW;
    END CATCH;
END;
GO
