-- When does a row appear in a set that a transaction has counted?
--
-- Open two windows (psql "$PROMPTSALES_POSTGRES_ADMIN_URL") and paste each step into its window, in the order of the
-- numbers. What a step shows stands behind =>; documentation/CONCURRENCY.md has the table of all levels.

-- Window A, step 1: two rows of 100.
DELETE FROM ops.laboratorio
WHERE corrida = 'ventanas';
INSERT INTO ops.laboratorio (corrida, clave, valor) VALUES ('ventanas', 0, 100), ('ventanas', 1, 100);

-- Window A, step 2: count the rows.
-- => 2
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT count(*) AS filas
FROM ops.laboratorio
WHERE corrida = 'ventanas';

-- Window B, step 3: insert another.
INSERT INTO ops.laboratorio (corrida, clave, valor) VALUES ('ventanas', 2, 100);

-- Window A, step 4: count them again in the same transaction. One appeared.
-- => 3
SELECT count(*) AS filas
FROM ops.laboratorio
WHERE corrida = 'ventanas';
COMMIT;

-- Window A, step 5: the same at REPEATABLE READ. Two rows of 100.
DELETE FROM ops.laboratorio
WHERE corrida = 'ventanas';
INSERT INTO ops.laboratorio (corrida, clave, valor) VALUES ('ventanas', 0, 100), ('ventanas', 1, 100);

-- Window A, step 6: count the rows.
-- => 2
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) AS filas
FROM ops.laboratorio
WHERE corrida = 'ventanas';

-- Window B, step 7: insert another.
INSERT INTO ops.laboratorio (corrida, clave, valor) VALUES ('ventanas', 2, 100);

-- Window A, step 8: count them again in the same transaction. They are as many.
-- => 2
SELECT count(*) AS filas
FROM ops.laboratorio
WHERE corrida = 'ventanas';
COMMIT;

-- Window A, step 9: tidy up.
DELETE FROM ops.laboratorio
WHERE corrida = 'ventanas';
