-- Which groups? All; only where everything is built anew.
SELECT codigo_pais, mes_ultima, frecuencia, monto FROM mart.rfm_cliente
UNION
SELECT codigo_pais, mes_ultima, frecuencia, monto FROM mart.rfm_grupo
