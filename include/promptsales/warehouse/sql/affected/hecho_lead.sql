-- Which leads may have changed? Those of the loads, and those of customers with another version.
SELECT id_lead FROM changed_leads
UNION
SELECT hecho.id_lead
FROM touched
JOIN dw.hecho_lead AS hecho ON hecho.id_cliente = touched.id_cliente
WHERE touched.tabla = 'dim_cliente' AND touched.accion = 'UPDATE'
