/*
  PromptCRM: when does a row appear in a set that a transaction has counted?

  Open two windows (sqlcmd -I, on PromptCRM, as its owner) and paste each step into its window, in the order of the
  numbers. What a step shows stands behind =>; documentation/CONCURRENCY.md has the table of all levels. REPEATABLE
  READ locks the rows that are there and no others: a row appears there too.
*/

-- Window A, step 1: two rows of 100.
DELETE FROM dbo.laboratorio
WHERE corrida = N'ventanas';
INSERT INTO dbo.laboratorio (corrida, clave, valor) VALUES (N'ventanas', 0, 100), (N'ventanas', 1, 100);
GO

-- Window A, step 2: count the rows.
-- => 2
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRANSACTION;
SELECT COUNT(*) AS filas
FROM dbo.laboratorio
WHERE corrida = N'ventanas';
GO

-- Window B, step 3: insert another.
INSERT INTO dbo.laboratorio (corrida, clave, valor) VALUES (N'ventanas', 2, 100);
GO

-- Window A, step 4: count them again in the same transaction. One appeared.
-- => 3
SELECT COUNT(*) AS filas
FROM dbo.laboratorio
WHERE corrida = N'ventanas';
COMMIT TRANSACTION;
GO

-- Window A, step 5: the same at SNAPSHOT. Two rows of 100.
DELETE FROM dbo.laboratorio
WHERE corrida = N'ventanas';
INSERT INTO dbo.laboratorio (corrida, clave, valor) VALUES (N'ventanas', 0, 100), (N'ventanas', 1, 100);
GO

-- Window A, step 6: count the rows.
-- => 2
SET TRANSACTION ISOLATION LEVEL SNAPSHOT;
BEGIN TRANSACTION;
SELECT COUNT(*) AS filas
FROM dbo.laboratorio
WHERE corrida = N'ventanas';
GO

-- Window B, step 7: insert another.
INSERT INTO dbo.laboratorio (corrida, clave, valor) VALUES (N'ventanas', 2, 100);
GO

-- Window A, step 8: count them again in the same transaction. They are as many.
-- => 2
SELECT COUNT(*) AS filas
FROM dbo.laboratorio
WHERE corrida = N'ventanas';
COMMIT TRANSACTION;
GO

-- Window A, step 9: tidy up.
DELETE FROM dbo.laboratorio
WHERE corrida = N'ventanas';
GO
