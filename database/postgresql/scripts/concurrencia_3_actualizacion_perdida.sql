-- How does a deposit get lost when two sessions read a balance and write it back?
--
-- Open two windows (psql "$PROMPTSALES_POSTGRES_ADMIN_URL") and paste each step into its window, in the order of the
-- numbers. What a step shows stands behind =>; documentation/CONCURRENCY.md has the table of all levels.

-- Window A, step 1: two rows of 100.
DELETE FROM ops.laboratorio
WHERE corrida = 'ventanas';
INSERT INTO ops.laboratorio (corrida, clave, valor) VALUES ('ventanas', 0, 100), ('ventanas', 1, 100);

-- Window A, step 2: read the balance, to add 10 to it.
-- => 100
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT valor
FROM ops.laboratorio
WHERE corrida = 'ventanas' AND clave = 0;

-- Window B, step 3: read the balance, to add 20 to it.
-- => 100
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT valor
FROM ops.laboratorio
WHERE corrida = 'ventanas' AND clave = 0;

-- Window A, step 4: 100 and 10.
UPDATE ops.laboratorio SET valor = 110
WHERE corrida = 'ventanas' AND clave = 0;
COMMIT;

-- Window B, step 5: 100 and 20.
UPDATE ops.laboratorio SET valor = 120
WHERE corrida = 'ventanas' AND clave = 0;
COMMIT;

-- Window A, step 6: are both deposits there?
-- => notice: a deposit is lost
DO $$
DECLARE
    hallado integer;
BEGIN
    SELECT valor INTO hallado
    FROM ops.laboratorio
    WHERE corrida = 'ventanas' AND clave = 0;
    IF hallado = 130 THEN
        RAISE NOTICE 'both deposits are there';
    ELSE
        RAISE NOTICE 'a deposit is lost';
    END IF;
END
$$;

-- Window A, step 7: the same at REPEATABLE READ. Two rows of 100.
DELETE FROM ops.laboratorio
WHERE corrida = 'ventanas';
INSERT INTO ops.laboratorio (corrida, clave, valor) VALUES ('ventanas', 0, 100), ('ventanas', 1, 100);

-- Window A, step 8: read the balance, to add 10 to it.
-- => 100
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT valor
FROM ops.laboratorio
WHERE corrida = 'ventanas' AND clave = 0;

-- Window B, step 9: read the balance, to add 20 to it.
-- => 100
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT valor
FROM ops.laboratorio
WHERE corrida = 'ventanas' AND clave = 0;

-- Window A, step 10: 100 and 10.
UPDATE ops.laboratorio SET valor = 110
WHERE corrida = 'ventanas' AND clave = 0;
COMMIT;

-- Window B, step 11: 100 and 20. The row has changed since B began, and the server refuses.
-- => error 40001
UPDATE ops.laboratorio SET valor = 120
WHERE corrida = 'ventanas' AND clave = 0;

-- Window B, step 12: undo, and begin anew with what is there now.
-- => 110
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT valor
FROM ops.laboratorio
WHERE corrida = 'ventanas' AND clave = 0;

-- Window B, step 13: 110 and 20.
UPDATE ops.laboratorio SET valor = 130
WHERE corrida = 'ventanas' AND clave = 0;
COMMIT;

-- Window A, step 14: are both deposits there?
-- => notice: both deposits are there
DO $$
DECLARE
    hallado integer;
BEGIN
    SELECT valor INTO hallado
    FROM ops.laboratorio
    WHERE corrida = 'ventanas' AND clave = 0;
    IF hallado = 130 THEN
        RAISE NOTICE 'both deposits are there';
    ELSE
        RAISE NOTICE 'a deposit is lost';
    END IF;
END
$$;

-- Window A, step 15: tidy up.
DELETE FROM ops.laboratorio
WHERE corrida = 'ventanas';
