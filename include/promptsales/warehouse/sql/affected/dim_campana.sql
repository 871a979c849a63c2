-- Which campaigns may have changed? Those of the loads, and those whose budget's rate was corrected.
SELECT id_campana FROM changed_campanas
UNION
SELECT dim_campana.id_campana
FROM changed_rates
JOIN dw.dim_campana ON
    dim_campana.moneda = changed_rates.moneda
    AND dim_campana.fecha_inicio >= changed_rates.fecha
    AND dim_campana.fecha_inicio < changed_rates.hasta
