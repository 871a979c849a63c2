-- The message did not arrive: whoever meets these causes next tells of them.
UPDATE ops.alerts
SET avisada_en = NULL
WHERE id_alerta = any(%(ids)s) AND resuelta_en IS NULL
