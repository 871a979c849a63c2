/*
  PromptCRM: when does a row change under a transaction that has read it?

  Open two windows (sqlcmd -I, on PromptCRM, as its owner) and paste each step into its window, in the order of the
  numbers. What a step shows stands behind =>; documentation/CONCURRENCY.md has the table of all levels.
*/

-- Window A, step 1: two rows of 100.
DELETE FROM dbo.laboratorio
WHERE corrida = N'ventanas';
INSERT INTO dbo.laboratorio (corrida, clave, valor) VALUES (N'ventanas', 0, 100), (N'ventanas', 1, 100);
GO

-- Window A, step 2: read a row.
-- => 100
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRANSACTION;
SELECT valor
FROM dbo.laboratorio
WHERE corrida = N'ventanas' AND clave = 0;
GO

-- Window B, step 3: change it.
UPDATE dbo.laboratorio SET valor = 150
WHERE corrida = N'ventanas' AND clave = 0;
GO

-- Window A, step 4: read it again in the same transaction. It is another.
-- => 150
SELECT valor
FROM dbo.laboratorio
WHERE corrida = N'ventanas' AND clave = 0;
COMMIT TRANSACTION;
GO

-- Window A, step 5: the same at SNAPSHOT. Two rows of 100.
DELETE FROM dbo.laboratorio
WHERE corrida = N'ventanas';
INSERT INTO dbo.laboratorio (corrida, clave, valor) VALUES (N'ventanas', 0, 100), (N'ventanas', 1, 100);
GO

-- Window A, step 6: read a row.
-- => 100
SET TRANSACTION ISOLATION LEVEL SNAPSHOT;
BEGIN TRANSACTION;
SELECT valor
FROM dbo.laboratorio
WHERE corrida = N'ventanas' AND clave = 0;
GO

-- Window B, step 7: change it.
UPDATE dbo.laboratorio SET valor = 150
WHERE corrida = N'ventanas' AND clave = 0;
GO

-- Window A, step 8: read it again in the same transaction. It is the same.
-- => 100
SELECT valor
FROM dbo.laboratorio
WHERE corrida = N'ventanas' AND clave = 0;
COMMIT TRANSACTION;
GO

-- Window A, step 9: tidy up.
DELETE FROM dbo.laboratorio
WHERE corrida = N'ventanas';
GO
