-- Which markets may have changed? They are few.
SELECT id_mercado FROM dw.dim_mercado
UNION
SELECT id_mercado FROM mart.mercado
