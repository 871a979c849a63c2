-- When did the affected customers last buy, how often and for how much? The bounds follow the fifths of the seeded
-- customers; they are fixed, so that one customer's purchase moves no other's score.
WITH bought AS (
    SELECT
        cliente.id_cliente,
        coalesce(cliente.codigo_pais, 'ZZ') AS codigo_pais,
        date_trunc('month', max(venta.momento))::date AS mes_ultima,
        count(*) AS ventas,
        coalesce(sum(venta.total_usd), 0) AS ingresos_usd
    FROM affected_rfm_cliente
    JOIN dw.dim_cliente AS cliente USING (id_cliente)
    JOIN dw.hecho_venta AS venta USING (id_cliente)
    WHERE cliente.es_actual AND NOT cliente.eliminado
    GROUP BY cliente.id_cliente, cliente.codigo_pais
)
SELECT
    bought.*,
    least(ventas, 5)::smallint AS frecuencia,
    CASE
        WHEN ingresos_usd < 40 THEN 1
        WHEN ingresos_usd < 70 THEN 2
        WHEN ingresos_usd < 100 THEN 3
        WHEN ingresos_usd < 200 THEN 4
        ELSE 5
    END AS monto
FROM bought
