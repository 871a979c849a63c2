/*
  PromptAds: who sees what another session has not committed?

  Open two windows (sqlcmd -I, on PromptAds, as its owner) and paste each step into its window, in the order of the
  numbers. What a step shows stands behind =>; documentation/CONCURRENCY.md has the table of all levels.
*/

-- Window A, step 1: two rows of 100.
DELETE FROM dbo.laboratorio
WHERE corrida = N'ventanas';
INSERT INTO dbo.laboratorio (corrida, clave, valor) VALUES (N'ventanas', 0, 100), (N'ventanas', 1, 100);
GO

-- Window A, step 2: write, and do not commit.
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRANSACTION;
UPDATE dbo.laboratorio SET valor = 150
WHERE corrida = N'ventanas' AND clave = 0;
GO

-- Window B, step 3: READ UNCOMMITTED sees what A has not committed.
-- => 150
SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED;
BEGIN TRANSACTION;
SELECT valor
FROM dbo.laboratorio
WHERE corrida = N'ventanas' AND clave = 0;
GO

-- Window A, step 4: take it back. B has read a value that never was.
ROLLBACK TRANSACTION;
GO

-- Window B, step 5: the row as it is.
-- => 100
SELECT valor
FROM dbo.laboratorio
WHERE corrida = N'ventanas' AND clave = 0;
COMMIT TRANSACTION;
GO

-- Window A, step 6: write again, and do not commit.
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRANSACTION;
UPDATE dbo.laboratorio SET valor = 150
WHERE corrida = N'ventanas' AND clave = 0;
GO

-- Window B, step 7: READ COMMITTED reads the last committed version, as READ_COMMITTED_SNAPSHOT is on. Where it is off,
-- B waits.
-- => 100
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRANSACTION;
SELECT valor
FROM dbo.laboratorio
WHERE corrida = N'ventanas' AND clave = 0;
GO

-- Window A, step 8: take it back.
ROLLBACK TRANSACTION;
GO

-- Window B, step 9: done.
COMMIT TRANSACTION;
GO

-- Window A, step 10: tidy up.
DELETE FROM dbo.laboratorio
WHERE corrida = N'ventanas';
GO
