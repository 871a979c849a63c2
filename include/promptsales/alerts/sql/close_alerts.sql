-- Which causes are over? Those that are open in these scopes and were not met again; told says whether anyone knows of it.
UPDATE ops.alerts
SET resuelta_en = now()
WHERE resuelta_en IS NULL AND ambito = any(%(scopes)s) AND NOT huella = any(%(still)s)
RETURNING id_alerta, tipo, asunto, desde, avisada_en IS NOT NULL AS told
