-- Which cohorts of which campaigns? Those of changed leads, and those of the leads of customers whose sales changed.
SELECT id_campana, mes AS cohorte
FROM changes
WHERE tabla = 'hecho_lead'
UNION
SELECT hecho.id_campana, date_trunc('month', hecho.fecha)::date
FROM customer_changes
JOIN dw.hecho_lead AS hecho USING (id_cliente)
