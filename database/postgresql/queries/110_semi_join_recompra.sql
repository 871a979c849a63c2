-- Semi join (EXISTS): what part of each campaign's buyers comes back and buys in a later campaign?
--
-- A customer counts once, however often they come back: EXISTS stops at the first sale, where a join would multiply.
WITH primera AS (
    SELECT id_campana, id_cliente, min(momento) AS momento
    FROM dw.hecho_venta
    GROUP BY id_campana, id_cliente
)
SELECT
    primera.id_campana,
    campana.nombre,
    count(*) AS compradores,
    count(*) FILTER (
        WHERE EXISTS (
            SELECT FROM dw.hecho_venta AS otra
            WHERE
                otra.id_cliente = primera.id_cliente
                AND otra.id_campana <> primera.id_campana
                AND otra.momento > primera.momento
        )
    ) AS vuelven
FROM primera
INNER JOIN dw.dim_campana AS campana USING (id_campana)
GROUP BY primera.id_campana, campana.nombre
ORDER BY vuelven DESC, primera.id_campana
LIMIT 20;
