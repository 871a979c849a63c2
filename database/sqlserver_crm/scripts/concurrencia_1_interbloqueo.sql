/*
  PromptCRM: how do two sessions come to wait for each other, and what does the server do about it?

  Open two windows (sqlcmd -I, on PromptCRM, as its owner) and paste each step into its window, in the order of the
  numbers. What a step shows stands behind =>; documentation/CONCURRENCY.md has the table of all levels.
*/

-- Window A, step 1: two rows of 100.
DELETE FROM dbo.laboratorio
WHERE corrida = N'ventanas';
INSERT INTO dbo.laboratorio (corrida, clave, valor) VALUES (N'ventanas', 0, 100), (N'ventanas', 1, 100);
GO

-- Window A, step 2: hold the first row.
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRANSACTION;
UPDATE dbo.laboratorio SET valor = valor + 1
WHERE corrida = N'ventanas' AND clave = 0;
GO

-- Window B, step 3: hold the second row.
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRANSACTION;
UPDATE dbo.laboratorio SET valor = valor + 1
WHERE corrida = N'ventanas' AND clave = 1;
GO

-- Window A, step 4: ask for the second row, which B holds.
-- => waits
UPDATE dbo.laboratorio SET valor = valor + 1
WHERE corrida = N'ventanas' AND clave = 1;
GO

-- Window B, step 5: ask for the first row. Now each waits for the other, and the server ends one of the two.
-- => error 1205, here or in window A
UPDATE dbo.laboratorio SET valor = valor + 1
WHERE corrida = N'ventanas' AND clave = 0;
GO

-- The victim's window, step 6: nothing of its transaction is left. Tell the client so.
IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;
GO

-- The other window, step 7: its second statement went through when the victim was gone.
COMMIT TRANSACTION;
GO

-- The victim's window, step 8: the same again, by ascending key this time: whoever keeps to one order never meets in a
-- circle.
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRANSACTION;
UPDATE dbo.laboratorio SET valor = valor + 1
WHERE corrida = N'ventanas' AND clave = 0;
UPDATE dbo.laboratorio SET valor = valor + 1
WHERE corrida = N'ventanas' AND clave = 1;
COMMIT TRANSACTION;
GO

-- Window A, step 9: was everything done in the end?
-- => both transactions are in
SELECT IIF(SUM(valor) = 204, N'both transactions are in', N'something is missing') AS veredicto
FROM dbo.laboratorio
WHERE corrida = N'ventanas';
GO

-- Window A, step 10: tidy up.
DELETE FROM dbo.laboratorio
WHERE corrida = N'ventanas';
GO
