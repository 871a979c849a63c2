-- What was sold on some days, currency by currency?
SELECT
    venta.moneda,
    COUNT_BIG(*) AS ventas,
    SUM(venta.total) AS importe
FROM enmascarado.ventas AS venta
WHERE venta.fecha >= %(desde)s
    AND venta.fecha < %(despues)s
    AND (%(id_campana)s IS NULL OR venta.id_campana = %(id_campana)s)
    AND (
        %(todos)s = 1
        OR EXISTS (
            SELECT 1
            FROM enmascarado.clientes AS cliente
            WHERE cliente.id_cliente = venta.id_cliente AND cliente.codigo_pais IN %(paises)s
        )
    )
GROUP BY venta.moneda
ORDER BY COUNT_BIG(*) DESC, venta.moneda;
