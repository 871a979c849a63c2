/*
  PromptAds: how does a deposit get lost when two sessions read a balance and write it back?

  Open two windows (sqlcmd -I, on PromptAds, as its owner) and paste each step into its window, in the order of the
  numbers. What a step shows stands behind =>; documentation/CONCURRENCY.md has the table of all levels.
*/

-- Window A, step 1: two rows of 100.
DELETE FROM dbo.laboratorio
WHERE corrida = N'ventanas';
INSERT INTO dbo.laboratorio (corrida, clave, valor) VALUES (N'ventanas', 0, 100), (N'ventanas', 1, 100);
GO

-- Window A, step 2: read the balance, to add 10 to it.
-- => 100
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRANSACTION;
SELECT valor
FROM dbo.laboratorio
WHERE corrida = N'ventanas' AND clave = 0;
GO

-- Window B, step 3: read the balance, to add 20 to it.
-- => 100
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRANSACTION;
SELECT valor
FROM dbo.laboratorio
WHERE corrida = N'ventanas' AND clave = 0;
GO

-- Window A, step 4: 100 and 10.
UPDATE dbo.laboratorio SET valor = 110
WHERE corrida = N'ventanas' AND clave = 0;
COMMIT TRANSACTION;
GO

-- Window B, step 5: 100 and 20.
UPDATE dbo.laboratorio SET valor = 120
WHERE corrida = N'ventanas' AND clave = 0;
COMMIT TRANSACTION;
GO

-- Window A, step 6: are both deposits there?
-- => a deposit is lost
SELECT IIF(valor = 130, N'both deposits are there', N'a deposit is lost') AS veredicto
FROM dbo.laboratorio
WHERE corrida = N'ventanas' AND clave = 0;
GO

-- Window A, step 7: the same at SNAPSHOT. Two rows of 100.
DELETE FROM dbo.laboratorio
WHERE corrida = N'ventanas';
INSERT INTO dbo.laboratorio (corrida, clave, valor) VALUES (N'ventanas', 0, 100), (N'ventanas', 1, 100);
GO

-- Window A, step 8: read the balance, to add 10 to it.
-- => 100
SET TRANSACTION ISOLATION LEVEL SNAPSHOT;
BEGIN TRANSACTION;
SELECT valor
FROM dbo.laboratorio
WHERE corrida = N'ventanas' AND clave = 0;
GO

-- Window B, step 9: read the balance, to add 20 to it.
-- => 100
SET TRANSACTION ISOLATION LEVEL SNAPSHOT;
BEGIN TRANSACTION;
SELECT valor
FROM dbo.laboratorio
WHERE corrida = N'ventanas' AND clave = 0;
GO

-- Window A, step 10: 100 and 10.
UPDATE dbo.laboratorio SET valor = 110
WHERE corrida = N'ventanas' AND clave = 0;
COMMIT TRANSACTION;
GO

-- Window B, step 11: 100 and 20. The row has changed since B began, and the server refuses.
-- => error 3960
UPDATE dbo.laboratorio SET valor = 120
WHERE corrida = N'ventanas' AND clave = 0;
GO

-- Window B, step 12: undo, and begin anew with what is there now.
-- => 110
IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;
SET TRANSACTION ISOLATION LEVEL SNAPSHOT;
BEGIN TRANSACTION;
SELECT valor
FROM dbo.laboratorio
WHERE corrida = N'ventanas' AND clave = 0;
GO

-- Window B, step 13: 110 and 20.
UPDATE dbo.laboratorio SET valor = 130
WHERE corrida = N'ventanas' AND clave = 0;
COMMIT TRANSACTION;
GO

-- Window A, step 14: are both deposits there?
-- => both deposits are there
SELECT IIF(valor = 130, N'both deposits are there', N'a deposit is lost') AS veredicto
FROM dbo.laboratorio
WHERE corrida = N'ventanas' AND clave = 0;
GO

-- Window A, step 15: tidy up.
DELETE FROM dbo.laboratorio
WHERE corrida = N'ventanas';
GO
