-- How does a sum come out that was never true, when money moves while it is added up?
--
-- Open two windows (psql "$PROMPTSALES_POSTGRES_ADMIN_URL") and paste each step into its window, in the order of the
-- numbers. What a step shows stands behind =>; documentation/CONCURRENCY.md has the table of all levels.

-- Window A, step 1: two rows of 100.
DELETE FROM ops.laboratorio
WHERE corrida = 'ventanas';
INSERT INTO ops.laboratorio (corrida, clave, valor) VALUES ('ventanas', 0, 100), ('ventanas', 1, 100);

-- Window A, step 2: add the rows up, one by one: the first.
-- => 100
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT valor
FROM ops.laboratorio
WHERE corrida = 'ventanas' AND clave = 0;

-- Window B, step 3: move 50 from the first to the second.
BEGIN ISOLATION LEVEL READ COMMITTED;
UPDATE ops.laboratorio SET valor = valor - 50
WHERE corrida = 'ventanas' AND clave = 0;
UPDATE ops.laboratorio SET valor = valor + 50
WHERE corrida = 'ventanas' AND clave = 1;
COMMIT;

-- Window A, step 4: the second. 100 and 150: 50 too much, counted before and after they moved.
-- => 150
SELECT valor
FROM ops.laboratorio
WHERE corrida = 'ventanas' AND clave = 1;
COMMIT;

-- Window A, step 5: the same at REPEATABLE READ. Two rows of 100.
DELETE FROM ops.laboratorio
WHERE corrida = 'ventanas';
INSERT INTO ops.laboratorio (corrida, clave, valor) VALUES ('ventanas', 0, 100), ('ventanas', 1, 100);

-- Window A, step 6: add the rows up, one by one: the first.
-- => 100
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT valor
FROM ops.laboratorio
WHERE corrida = 'ventanas' AND clave = 0;

-- Window B, step 7: move 50 from the first to the second.
BEGIN ISOLATION LEVEL REPEATABLE READ;
UPDATE ops.laboratorio SET valor = valor - 50
WHERE corrida = 'ventanas' AND clave = 0;
UPDATE ops.laboratorio SET valor = valor + 50
WHERE corrida = 'ventanas' AND clave = 1;
COMMIT;

-- Window A, step 8: the second. 100 and 100: what was true when A began.
-- => 100
SELECT valor
FROM ops.laboratorio
WHERE corrida = 'ventanas' AND clave = 1;
COMMIT;

-- Window A, step 9: tidy up.
DELETE FROM ops.laboratorio
WHERE corrida = 'ventanas';
