-- How do two sessions break a rule together that each of them kept?
--
-- Open two windows (psql "$PROMPTSALES_POSTGRES_ADMIN_URL") and paste each step into its window, in the order of the
-- numbers. What a step shows stands behind =>; documentation/CONCURRENCY.md has the table of all levels.

-- Window A, step 1: two rows of 100, of which one may be emptied, but not both.
DELETE FROM ops.laboratorio
WHERE corrida = 'ventanas';
INSERT INTO ops.laboratorio (corrida, clave, valor) VALUES ('ventanas', 0, 100), ('ventanas', 1, 100);

-- Window A, step 2: 200 together: the first may be emptied.
-- => 200
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT sum(valor) AS total
FROM ops.laboratorio
WHERE corrida = 'ventanas';

-- Window B, step 3: 200 together: the second may be emptied.
-- => 200
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT sum(valor) AS total
FROM ops.laboratorio
WHERE corrida = 'ventanas';

-- Window A, step 4: empty the first.
UPDATE ops.laboratorio SET valor = 0
WHERE corrida = 'ventanas' AND clave = 0;
COMMIT;

-- Window B, step 5: empty the second. No row was written twice, so nobody is refused.
UPDATE ops.laboratorio SET valor = 0
WHERE corrida = 'ventanas' AND clave = 1;
COMMIT;

-- Window A, step 6: is anything left?
-- => notice: both are empty: the rule is broken
DO $$
DECLARE
    hallado integer;
BEGIN
    SELECT sum(valor) INTO hallado
    FROM ops.laboratorio
    WHERE corrida = 'ventanas';
    IF hallado = 0 THEN
        RAISE NOTICE 'both are empty: the rule is broken';
    ELSE
        RAISE NOTICE 'one is left';
    END IF;
END
$$;

-- Window A, step 7: the same at SERIALIZABLE. Two rows of 100.
DELETE FROM ops.laboratorio
WHERE corrida = 'ventanas';
INSERT INTO ops.laboratorio (corrida, clave, valor) VALUES ('ventanas', 0, 100), ('ventanas', 1, 100);

-- Window A, step 8: 200 together.
-- => 200
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT sum(valor) AS total
FROM ops.laboratorio
WHERE corrida = 'ventanas';

-- Window B, step 9: 200 together.
-- => 200
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT sum(valor) AS total
FROM ops.laboratorio
WHERE corrida = 'ventanas';

-- Window A, step 10: empty the first.
UPDATE ops.laboratorio SET valor = 0
WHERE corrida = 'ventanas' AND clave = 0;
COMMIT;

-- Window B, step 11: empty the second. B decided on what A has changed, and the server refuses.
-- => error 40001
UPDATE ops.laboratorio SET valor = 0
WHERE corrida = 'ventanas' AND clave = 1;

-- Window B, step 12: undo. Beginning anew, B would see 100 and leave it.
ROLLBACK;

-- Window A, step 13: is anything left?
-- => notice: one is left
DO $$
DECLARE
    hallado integer;
BEGIN
    SELECT sum(valor) INTO hallado
    FROM ops.laboratorio
    WHERE corrida = 'ventanas';
    IF hallado = 0 THEN
        RAISE NOTICE 'both are empty: the rule is broken';
    ELSE
        RAISE NOTICE 'one is left';
    END IF;
END
$$;

-- Window A, step 14: tidy up.
DELETE FROM ops.laboratorio
WHERE corrida = 'ventanas';
