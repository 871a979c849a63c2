/*
  PromptAds: tombstones.

  A trigger a table, set-based. It writes to dbo.bajas every key that a statement took away, by deleting the
  row or by changing its key, and that the table does not hold when the statement ends. Asking the table
  itself, rather than comparing deleted with inserted, is what makes these right:
    - rows that swap keys in one statement: every key is still there, so nothing is gone;
    - a MERGE that deletes a key and inserts it again: the trigger runs when both are done, and a tombstone
      written then would carry a later rowversion than the row that lives.
  A key inserted again by a later statement gets a later rowversion than its tombstone: the row wins.

  TRUNCATE TABLE fires no trigger. It needs ALTER on the table, which only the role that seeds has.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

CREATE OR ALTER TRIGGER dbo.tr_marcas_bajas ON dbo.marcas AFTER DELETE, UPDATE
AS
BEGIN
    SET NOCOUNT ON;
    IF NOT EXISTS (SELECT 1 FROM deleted)
        RETURN;
    IF NOT UPDATE(id_marca) AND EXISTS (SELECT 1 FROM inserted)
        RETURN;
    INSERT INTO dbo.bajas (tabla, clave)
    SELECT N'marcas', CONCAT(N'[', d.id_marca, N']')
    FROM deleted AS d
    WHERE NOT EXISTS (
        SELECT 1
        FROM dbo.marcas AS t
        WHERE t.id_marca = d.id_marca
    );
END;
GO

CREATE OR ALTER TRIGGER dbo.tr_canales_bajas ON dbo.canales AFTER DELETE, UPDATE
AS
BEGIN
    SET NOCOUNT ON;
    IF NOT EXISTS (SELECT 1 FROM deleted)
        RETURN;
    IF NOT UPDATE(id_canal) AND EXISTS (SELECT 1 FROM inserted)
        RETURN;
    INSERT INTO dbo.bajas (tabla, clave)
    SELECT N'canales', CONCAT(N'[', d.id_canal, N']')
    FROM deleted AS d
    WHERE NOT EXISTS (
        SELECT 1
        FROM dbo.canales AS t
        WHERE t.id_canal = d.id_canal
    );
END;
GO

CREATE OR ALTER TRIGGER dbo.tr_mercados_bajas ON dbo.mercados AFTER DELETE, UPDATE
AS
BEGIN
    SET NOCOUNT ON;
    IF NOT EXISTS (SELECT 1 FROM deleted)
        RETURN;
    IF NOT UPDATE(id_mercado) AND EXISTS (SELECT 1 FROM inserted)
        RETURN;
    INSERT INTO dbo.bajas (tabla, clave)
    SELECT N'mercados', CONCAT(N'[', d.id_mercado, N']')
    FROM deleted AS d
    WHERE NOT EXISTS (
        SELECT 1
        FROM dbo.mercados AS t
        WHERE t.id_mercado = d.id_mercado
    );
END;
GO

CREATE OR ALTER TRIGGER dbo.tr_influencers_bajas ON dbo.influencers AFTER DELETE, UPDATE
AS
BEGIN
    SET NOCOUNT ON;
    IF NOT EXISTS (SELECT 1 FROM deleted)
        RETURN;
    IF NOT UPDATE(id_influencer) AND EXISTS (SELECT 1 FROM inserted)
        RETURN;
    INSERT INTO dbo.bajas (tabla, clave)
    SELECT N'influencers', CONCAT(N'[', d.id_influencer, N']')
    FROM deleted AS d
    WHERE NOT EXISTS (
        SELECT 1
        FROM dbo.influencers AS t
        WHERE t.id_influencer = d.id_influencer
    );
END;
GO

CREATE OR ALTER TRIGGER dbo.tr_campanas_bajas ON dbo.campanas AFTER DELETE, UPDATE
AS
BEGIN
    SET NOCOUNT ON;
    IF NOT EXISTS (SELECT 1 FROM deleted)
        RETURN;
    IF NOT UPDATE(id_campana) AND EXISTS (SELECT 1 FROM inserted)
        RETURN;
    INSERT INTO dbo.bajas (tabla, clave)
    SELECT N'campanas', CONCAT(N'[', d.id_campana, N']')
    FROM deleted AS d
    WHERE NOT EXISTS (
        SELECT 1
        FROM dbo.campanas AS t
        WHERE t.id_campana = d.id_campana
    );
END;
GO

CREATE OR ALTER TRIGGER dbo.tr_anuncios_bajas ON dbo.anuncios AFTER DELETE, UPDATE
AS
BEGIN
    SET NOCOUNT ON;
    IF NOT EXISTS (SELECT 1 FROM deleted)
        RETURN;
    IF NOT UPDATE(id_anuncio) AND EXISTS (SELECT 1 FROM inserted)
        RETURN;
    INSERT INTO dbo.bajas (tabla, clave)
    SELECT N'anuncios', CONCAT(N'[', d.id_anuncio, N']')
    FROM deleted AS d
    WHERE NOT EXISTS (
        SELECT 1
        FROM dbo.anuncios AS t
        WHERE t.id_anuncio = d.id_anuncio
    );
END;
GO

CREATE OR ALTER TRIGGER dbo.tr_campanas_mercados_bajas ON dbo.campanas_mercados AFTER DELETE, UPDATE
AS
BEGIN
    SET NOCOUNT ON;
    IF NOT EXISTS (SELECT 1 FROM deleted)
        RETURN;
    IF NOT (UPDATE(id_campana) OR UPDATE(id_mercado)) AND EXISTS (SELECT 1 FROM inserted)
        RETURN;
    INSERT INTO dbo.bajas (tabla, clave)
    SELECT N'campanas_mercados', CONCAT(N'[', d.id_campana, N',', d.id_mercado, N']')
    FROM deleted AS d
    WHERE NOT EXISTS (
        SELECT 1
        FROM dbo.campanas_mercados AS t
        WHERE t.id_campana = d.id_campana AND t.id_mercado = d.id_mercado
    );
END;
GO

CREATE OR ALTER TRIGGER dbo.tr_rendimiento_diario_bajas ON dbo.rendimiento_diario AFTER DELETE, UPDATE
AS
BEGIN
    SET NOCOUNT ON;
    IF NOT EXISTS (SELECT 1 FROM deleted)
        RETURN;
    IF NOT UPDATE(id_rendimiento) AND EXISTS (SELECT 1 FROM inserted)
        RETURN;
    INSERT INTO dbo.bajas (tabla, clave)
    SELECT N'rendimiento_diario', CONCAT(N'[', d.id_rendimiento, N']')
    FROM deleted AS d
    WHERE NOT EXISTS (
        SELECT 1
        FROM dbo.rendimiento_diario AS t
        WHERE t.id_rendimiento = d.id_rendimiento
    );
END;
GO

CREATE OR ALTER TRIGGER dbo.tr_sentimientos_bajas ON dbo.sentimientos AFTER DELETE, UPDATE
AS
BEGIN
    SET NOCOUNT ON;
    IF NOT EXISTS (SELECT 1 FROM deleted)
        RETURN;
    IF NOT UPDATE(id_sentimiento) AND EXISTS (SELECT 1 FROM inserted)
        RETURN;
    INSERT INTO dbo.bajas (tabla, clave)
    SELECT N'sentimientos', CONCAT(N'[', d.id_sentimiento, N']')
    FROM deleted AS d
    WHERE NOT EXISTS (
        SELECT 1
        FROM dbo.sentimientos AS t
        WHERE t.id_sentimiento = d.id_sentimiento
    );
END;
GO
