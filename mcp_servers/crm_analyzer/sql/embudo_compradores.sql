-- Who buys, by decade of birth and country? One row a group; a customer counts once however often they bought.
SELECT
    cliente.decada_nacimiento,
    cliente.codigo_pais,
    COUNT_BIG(*) AS compradores
FROM enmascarado.clientes AS cliente
WHERE (%(todos)s = 1 OR cliente.codigo_pais IN %(paises)s)
    AND cliente.id_cliente IN (
        SELECT venta.id_cliente
        FROM enmascarado.ventas AS venta
        WHERE venta.fecha >= %(desde)s
            AND venta.fecha < %(despues)s
            AND (%(id_campana)s IS NULL OR venta.id_campana = %(id_campana)s)
    )
GROUP BY cliente.decada_nacimiento, cliente.codigo_pais
ORDER BY cliente.decada_nacimiento, COUNT_BIG(*) DESC, cliente.codigo_pais;
