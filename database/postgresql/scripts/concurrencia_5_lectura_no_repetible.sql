-- When does a row change under a transaction that has read it?
--
-- Open two windows (psql "$PROMPTSALES_POSTGRES_ADMIN_URL") and paste each step into its window, in the order of the
-- numbers. What a step shows stands behind =>; documentation/CONCURRENCY.md has the table of all levels.

-- Window A, step 1: two rows of 100.
DELETE FROM ops.laboratorio
WHERE corrida = 'ventanas';
INSERT INTO ops.laboratorio (corrida, clave, valor) VALUES ('ventanas', 0, 100), ('ventanas', 1, 100);

-- Window A, step 2: read a row.
-- => 100
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT valor
FROM ops.laboratorio
WHERE corrida = 'ventanas' AND clave = 0;

-- Window B, step 3: change it.
UPDATE ops.laboratorio SET valor = 150
WHERE corrida = 'ventanas' AND clave = 0;

-- Window A, step 4: read it again in the same transaction. It is another.
-- => 150
SELECT valor
FROM ops.laboratorio
WHERE corrida = 'ventanas' AND clave = 0;
COMMIT;

-- Window A, step 5: the same at REPEATABLE READ. Two rows of 100.
DELETE FROM ops.laboratorio
WHERE corrida = 'ventanas';
INSERT INTO ops.laboratorio (corrida, clave, valor) VALUES ('ventanas', 0, 100), ('ventanas', 1, 100);

-- Window A, step 6: read a row.
-- => 100
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT valor
FROM ops.laboratorio
WHERE corrida = 'ventanas' AND clave = 0;

-- Window B, step 7: change it.
UPDATE ops.laboratorio SET valor = 150
WHERE corrida = 'ventanas' AND clave = 0;

-- Window A, step 8: read it again in the same transaction. It is the same.
-- => 100
SELECT valor
FROM ops.laboratorio
WHERE corrida = 'ventanas' AND clave = 0;
COMMIT;

-- Window A, step 9: tidy up.
DELETE FROM ops.laboratorio
WHERE corrida = 'ventanas';
