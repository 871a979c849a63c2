-- Who bought most in one currency over some days, by amount or by number of purchases? Names are masked.
WITH compras AS (
    SELECT
        venta.id_cliente,
        COUNT_BIG(*) AS compras,
        SUM(venta.total) AS importe,
        MAX(venta.fecha) AS ultima
    FROM enmascarado.ventas AS venta
    WHERE venta.moneda = CONVERT(char(3), %(moneda)s)
        AND venta.fecha >= %(desde)s
        AND venta.fecha < %(despues)s
        AND (%(id_campana)s IS NULL OR venta.id_campana = %(id_campana)s)
        AND (
            (%(segmento)s IS NULL AND %(pais)s IS NULL AND %(todos)s = 1)
            OR EXISTS (
                SELECT 1
                FROM enmascarado.clientes AS cliente
                WHERE cliente.id_cliente = venta.id_cliente
                    AND (%(segmento)s IS NULL OR cliente.segmento = %(segmento)s)
                    AND (%(pais)s IS NULL OR cliente.codigo_pais = CONVERT(char(2), %(pais)s))
                    AND (%(todos)s = 1 OR cliente.codigo_pais IN %(paises)s)
            )
        )
    GROUP BY venta.id_cliente
),

puestos AS (
    SELECT
        id_cliente,
        compras,
        importe,
        ultima,
        RANK() OVER (ORDER BY CASE %(por)s WHEN N'purchases' THEN compras ELSE importe END DESC) AS puesto
    FROM compras
),

pagina AS (
    SELECT
        id_cliente,
        compras,
        importe,
        ultima,
        puesto
    FROM puestos
    ORDER BY puesto, id_cliente
    OFFSET %(omitidas)s ROWS FETCH NEXT %(filas)s ROWS ONLY
)

SELECT
    pagina.puesto,
    pagina.id_cliente,
    cliente.nombre,
    cliente.apellidos,
    cliente.segmento,
    cliente.codigo_pais,
    cliente.ciudad,
    pagina.compras,
    pagina.importe,
    pagina.ultima
FROM pagina
INNER JOIN enmascarado.clientes AS cliente ON pagina.id_cliente = cliente.id_cliente
ORDER BY pagina.puesto, pagina.id_cliente;
