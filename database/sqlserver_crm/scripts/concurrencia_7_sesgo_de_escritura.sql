/*
  PromptCRM: how do two sessions break a rule together that each of them kept?

  Open two windows (sqlcmd -I, on PromptCRM, as its owner) and paste each step into its window, in the order of the
  numbers. What a step shows stands behind =>; documentation/CONCURRENCY.md has the table of all levels.
*/

-- Window A, step 1: two rows of 100, of which one may be emptied, but not both.
DELETE FROM dbo.laboratorio
WHERE corrida = N'ventanas';
INSERT INTO dbo.laboratorio (corrida, clave, valor) VALUES (N'ventanas', 0, 100), (N'ventanas', 1, 100);
GO

-- Window A, step 2: 200 together: the first may be emptied.
-- => 200
SET TRANSACTION ISOLATION LEVEL SNAPSHOT;
BEGIN TRANSACTION;
SELECT SUM(valor) AS total
FROM dbo.laboratorio
WHERE corrida = N'ventanas';
GO

-- Window B, step 3: 200 together: the second may be emptied.
-- => 200
SET TRANSACTION ISOLATION LEVEL SNAPSHOT;
BEGIN TRANSACTION;
SELECT SUM(valor) AS total
FROM dbo.laboratorio
WHERE corrida = N'ventanas';
GO

-- Window A, step 4: empty the first.
UPDATE dbo.laboratorio SET valor = 0
WHERE corrida = N'ventanas' AND clave = 0;
COMMIT TRANSACTION;
GO

-- Window B, step 5: empty the second. No row was written twice, so nobody is refused.
UPDATE dbo.laboratorio SET valor = 0
WHERE corrida = N'ventanas' AND clave = 1;
COMMIT TRANSACTION;
GO

-- Window A, step 6: is anything left?
-- => both are empty: the rule is broken
SELECT IIF(SUM(valor) = 0, N'both are empty: the rule is broken', N'one is left') AS veredicto
FROM dbo.laboratorio
WHERE corrida = N'ventanas';
GO

-- Window A, step 7: the same at SERIALIZABLE. Two rows of 100.
DELETE FROM dbo.laboratorio
WHERE corrida = N'ventanas';
INSERT INTO dbo.laboratorio (corrida, clave, valor) VALUES (N'ventanas', 0, 100), (N'ventanas', 1, 100);
GO

-- Window A, step 8: 200 together.
-- => 200
SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;
BEGIN TRANSACTION;
SELECT SUM(valor) AS total
FROM dbo.laboratorio
WHERE corrida = N'ventanas';
GO

-- Window B, step 9: 200 together.
-- => 200
SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;
BEGIN TRANSACTION;
SELECT SUM(valor) AS total
FROM dbo.laboratorio
WHERE corrida = N'ventanas';
GO

-- Window A, step 10: empty the first, which B has locked by reading it.
-- => waits
UPDATE dbo.laboratorio SET valor = 0
WHERE corrida = N'ventanas' AND clave = 0;
GO

-- Window B, step 11: empty the second, which A has locked. Each waits for the other, and the server ends one.
-- => error 1205, here or in window A
UPDATE dbo.laboratorio SET valor = 0
WHERE corrida = N'ventanas' AND clave = 1;
GO

-- The victim's window, step 12: undo. Beginning anew, it would see 100 and leave it.
IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;
GO

-- The other window, step 13: emptied its row when the victim was gone.
COMMIT TRANSACTION;
GO

-- Window A, step 14: is anything left?
-- => one is left
SELECT IIF(SUM(valor) = 0, N'both are empty: the rule is broken', N'one is left') AS veredicto
FROM dbo.laboratorio
WHERE corrida = N'ventanas';
GO

-- Window A, step 15: tidy up.
DELETE FROM dbo.laboratorio
WHERE corrida = N'ventanas';
GO
