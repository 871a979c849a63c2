/*
  PromptAds: how does a sum come out that was never true, when money moves while it is added up?

  Open two windows (sqlcmd -I, on PromptAds, as its owner) and paste each step into its window, in the order of the
  numbers. What a step shows stands behind =>; documentation/CONCURRENCY.md has the table of all levels.
*/

-- Window A, step 1: two rows of 100.
DELETE FROM dbo.laboratorio
WHERE corrida = N'ventanas';
INSERT INTO dbo.laboratorio (corrida, clave, valor) VALUES (N'ventanas', 0, 100), (N'ventanas', 1, 100);
GO

-- Window A, step 2: add the rows up, one by one: the first.
-- => 100
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRANSACTION;
SELECT valor
FROM dbo.laboratorio
WHERE corrida = N'ventanas' AND clave = 0;
GO

-- Window B, step 3: move 50 from the first to the second.
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRANSACTION;
UPDATE dbo.laboratorio SET valor = valor - 50
WHERE corrida = N'ventanas' AND clave = 0;
UPDATE dbo.laboratorio SET valor = valor + 50
WHERE corrida = N'ventanas' AND clave = 1;
COMMIT TRANSACTION;
GO

-- Window A, step 4: the second. 100 and 150: 50 too much, counted before and after they moved.
-- => 150
SELECT valor
FROM dbo.laboratorio
WHERE corrida = N'ventanas' AND clave = 1;
COMMIT TRANSACTION;
GO

-- Window A, step 5: the same at SNAPSHOT. Two rows of 100.
DELETE FROM dbo.laboratorio
WHERE corrida = N'ventanas';
INSERT INTO dbo.laboratorio (corrida, clave, valor) VALUES (N'ventanas', 0, 100), (N'ventanas', 1, 100);
GO

-- Window A, step 6: add the rows up, one by one: the first.
-- => 100
SET TRANSACTION ISOLATION LEVEL SNAPSHOT;
BEGIN TRANSACTION;
SELECT valor
FROM dbo.laboratorio
WHERE corrida = N'ventanas' AND clave = 0;
GO

-- Window B, step 7: move 50 from the first to the second.
SET TRANSACTION ISOLATION LEVEL SNAPSHOT;
BEGIN TRANSACTION;
UPDATE dbo.laboratorio SET valor = valor - 50
WHERE corrida = N'ventanas' AND clave = 0;
UPDATE dbo.laboratorio SET valor = valor + 50
WHERE corrida = N'ventanas' AND clave = 1;
COMMIT TRANSACTION;
GO

-- Window A, step 8: the second. 100 and 100: what was true when A began.
-- => 100
SELECT valor
FROM dbo.laboratorio
WHERE corrida = N'ventanas' AND clave = 1;
COMMIT TRANSACTION;
GO

-- Window A, step 9: tidy up.
DELETE FROM dbo.laboratorio
WHERE corrida = N'ventanas';
GO
