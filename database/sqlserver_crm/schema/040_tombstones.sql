/*
  PromptCRM: tombstones.

  A trigger a table, set-based. It writes to dbo.bajas every key that a statement took away, by deleting the
  row or by changing its key, and that the table does not hold when the statement ends. Asking the table
  itself, rather than comparing deleted with inserted, is what makes these right:
    - rows that swap keys in one statement: every key is still there, so nothing is gone;
    - a MERGE that deletes a key and inserts it again: the trigger runs when both are done, and a tombstone
      written then would carry a later rowversion than the row that lives.
  A key inserted again by a later statement gets a later rowversion than its tombstone: the row wins.

  TRUNCATE TABLE fires no trigger. It needs ALTER on the table, which only rol_siembra has (security/040_roles.sql),
  whose login is disabled but for a seeding.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

CREATE OR ALTER TRIGGER dbo.tr_clientes_bajas ON dbo.clientes AFTER DELETE, UPDATE
AS
BEGIN
    SET NOCOUNT ON;
    IF NOT EXISTS (SELECT 1 FROM deleted)
        RETURN;
    IF NOT UPDATE(id_cliente) AND EXISTS (SELECT 1 FROM inserted)
        RETURN;
    INSERT INTO dbo.bajas (tabla, clave)
    SELECT N'clientes', CONCAT(N'[', d.id_cliente, N']')
    FROM deleted AS d
    WHERE NOT EXISTS (
        SELECT 1
        FROM dbo.clientes AS t
        WHERE t.id_cliente = d.id_cliente
    );
END;
GO

CREATE OR ALTER TRIGGER dbo.tr_leads_bajas ON dbo.leads AFTER DELETE, UPDATE
AS
BEGIN
    SET NOCOUNT ON;
    IF NOT EXISTS (SELECT 1 FROM deleted)
        RETURN;
    IF NOT UPDATE(id_lead) AND EXISTS (SELECT 1 FROM inserted)
        RETURN;
    INSERT INTO dbo.bajas (tabla, clave)
    SELECT N'leads', CONCAT(N'[', d.id_lead, N']')
    FROM deleted AS d
    WHERE NOT EXISTS (
        SELECT 1
        FROM dbo.leads AS t
        WHERE t.id_lead = d.id_lead
    );
END;
GO

CREATE OR ALTER TRIGGER dbo.tr_ventas_bajas ON dbo.ventas AFTER DELETE, UPDATE
AS
BEGIN
    SET NOCOUNT ON;
    IF NOT EXISTS (SELECT 1 FROM deleted)
        RETURN;
    IF NOT UPDATE(id_venta) AND EXISTS (SELECT 1 FROM inserted)
        RETURN;
    INSERT INTO dbo.bajas (tabla, clave)
    SELECT N'ventas', CONCAT(N'[', d.id_venta, N']')
    FROM deleted AS d
    WHERE NOT EXISTS (
        SELECT 1
        FROM dbo.ventas AS t
        WHERE t.id_venta = d.id_venta
    );
END;
GO

CREATE OR ALTER TRIGGER dbo.tr_lineas_venta_bajas ON dbo.lineas_venta AFTER DELETE, UPDATE
AS
BEGIN
    SET NOCOUNT ON;
    IF NOT EXISTS (SELECT 1 FROM deleted)
        RETURN;
    IF NOT (UPDATE(id_venta) OR UPDATE(numero_linea)) AND EXISTS (SELECT 1 FROM inserted)
        RETURN;
    INSERT INTO dbo.bajas (tabla, clave)
    SELECT N'lineas_venta', CONCAT(N'[', d.id_venta, N',', d.numero_linea, N']')
    FROM deleted AS d
    WHERE NOT EXISTS (
        SELECT 1
        FROM dbo.lineas_venta AS t
        WHERE t.id_venta = d.id_venta AND t.numero_linea = d.numero_linea
    );
END;
GO

CREATE OR ALTER TRIGGER dbo.tr_consentimientos_bajas ON dbo.consentimientos AFTER DELETE, UPDATE
AS
BEGIN
    SET NOCOUNT ON;
    IF NOT EXISTS (SELECT 1 FROM deleted)
        RETURN;
    IF NOT UPDATE(id_consentimiento) AND EXISTS (SELECT 1 FROM inserted)
        RETURN;
    INSERT INTO dbo.bajas (tabla, clave)
    SELECT N'consentimientos', CONCAT(N'[', d.id_consentimiento, N']')
    FROM deleted AS d
    WHERE NOT EXISTS (
        SELECT 1
        FROM dbo.consentimientos AS t
        WHERE t.id_consentimiento = d.id_consentimiento
    );
END;
GO
