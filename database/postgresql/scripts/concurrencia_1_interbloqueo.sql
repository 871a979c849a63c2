-- How do two sessions come to wait for each other, and what does the server do about it?
--
-- Open two windows (psql "$PROMPTSALES_POSTGRES_ADMIN_URL") and paste each step into its window, in the order of the
-- numbers. What a step shows stands behind =>; documentation/CONCURRENCY.md has the table of all levels.

-- Window A, step 1: two rows of 100.
DELETE FROM ops.laboratorio
WHERE corrida = 'ventanas';
INSERT INTO ops.laboratorio (corrida, clave, valor) VALUES ('ventanas', 0, 100), ('ventanas', 1, 100);

-- Window A, step 2: hold the first row.
BEGIN ISOLATION LEVEL READ COMMITTED;
UPDATE ops.laboratorio SET valor = valor + 1
WHERE corrida = 'ventanas' AND clave = 0;

-- Window B, step 3: hold the second row.
BEGIN ISOLATION LEVEL READ COMMITTED;
UPDATE ops.laboratorio SET valor = valor + 1
WHERE corrida = 'ventanas' AND clave = 1;

-- Window A, step 4: ask for the second row, which B holds.
-- => waits
UPDATE ops.laboratorio SET valor = valor + 1
WHERE corrida = 'ventanas' AND clave = 1;

-- Window B, step 5: ask for the first row. Now each waits for the other, and the server ends one of the two.
-- => error 40P01, here or in window A
UPDATE ops.laboratorio SET valor = valor + 1
WHERE corrida = 'ventanas' AND clave = 0;

-- The victim's window, step 6: nothing of its transaction is left. Tell the client so.
ROLLBACK;

-- The other window, step 7: its second statement went through when the victim was gone.
COMMIT;

-- The victim's window, step 8: the same again, by ascending key this time: whoever keeps to one order never meets in a
-- circle.
BEGIN ISOLATION LEVEL READ COMMITTED;
UPDATE ops.laboratorio SET valor = valor + 1
WHERE corrida = 'ventanas' AND clave = 0;
UPDATE ops.laboratorio SET valor = valor + 1
WHERE corrida = 'ventanas' AND clave = 1;
COMMIT;

-- Window A, step 9: was everything done in the end?
-- => notice: both transactions are in
DO $$
DECLARE
    hallado integer;
BEGIN
    SELECT sum(valor) INTO hallado
    FROM ops.laboratorio
    WHERE corrida = 'ventanas';
    IF hallado = 204 THEN
        RAISE NOTICE 'both transactions are in';
    ELSE
        RAISE NOTICE 'something is missing';
    END IF;
END
$$;

-- Window A, step 10: tidy up.
DELETE FROM ops.laboratorio
WHERE corrida = 'ventanas';
