-- What did a customer buy, currency by currency?
SELECT
    moneda,
    COUNT_BIG(*) AS compras,
    SUM(total) AS importe,
    MAX(fecha) AS ultima
FROM enmascarado.ventas
WHERE id_cliente = %(id_cliente)s
GROUP BY moneda
ORDER BY moneda;
