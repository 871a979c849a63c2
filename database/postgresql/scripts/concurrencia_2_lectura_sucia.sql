-- Who sees what another session has not committed?
--
-- Open two windows (psql "$PROMPTSALES_POSTGRES_ADMIN_URL") and paste each step into its window, in the order of the
-- numbers. What a step shows stands behind =>; documentation/CONCURRENCY.md has the table of all levels.

-- Window A, step 1: two rows of 100.
DELETE FROM ops.laboratorio
WHERE corrida = 'ventanas';
INSERT INTO ops.laboratorio (corrida, clave, valor) VALUES ('ventanas', 0, 100), ('ventanas', 1, 100);

-- Window A, step 2: write, and do not commit.
BEGIN ISOLATION LEVEL READ COMMITTED;
UPDATE ops.laboratorio SET valor = 150
WHERE corrida = 'ventanas' AND clave = 0;

-- Window B, step 3: READ UNCOMMITTED is READ COMMITTED here: what A has not committed is not seen.
-- => 100
BEGIN ISOLATION LEVEL READ UNCOMMITTED;
SELECT valor
FROM ops.laboratorio
WHERE corrida = 'ventanas' AND clave = 0;

-- Window A, step 4: take it back.
ROLLBACK;

-- Window B, step 5: so nothing was ever read that never was.
-- => 100
SELECT valor
FROM ops.laboratorio
WHERE corrida = 'ventanas' AND clave = 0;
COMMIT;

-- Window A, step 6: tidy up.
DELETE FROM ops.laboratorio
WHERE corrida = 'ventanas';
