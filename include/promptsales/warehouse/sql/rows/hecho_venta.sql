-- What was sold in the affected sales, to which version of the customer, in which market, for how many dollars at the
-- rate of the day?
WITH sales AS (
    SELECT ventas.*, ventas.fecha::date AS day
    FROM affected_hecho_venta
    JOIN ods_promptcrm.ventas AS ventas USING (id_venta)
),
line_totals AS (
    SELECT id_venta, count(*) AS lineas, sum(lineas.cantidad) AS unidades
    FROM affected_hecho_venta
    JOIN ods_promptcrm.lineas_venta AS lineas USING (id_venta)
    GROUP BY id_venta
),
markets AS (
    SELECT codigo_pais, region, ciudad, min(id_mercado) AS id_mercado
    FROM dw.dim_mercado
    WHERE NOT eliminado
    GROUP BY codigo_pais, region, ciudad
),
rates AS (
    SELECT
        days.moneda,
        days.day,
        (
            SELECT tipo_cambio.usd_por_unidad
            FROM dw.tipo_cambio
            WHERE tipo_cambio.moneda = days.moneda AND tipo_cambio.fecha <= days.day
            ORDER BY tipo_cambio.fecha DESC
            LIMIT 1
        ) AS usd
    FROM (SELECT DISTINCT moneda, day FROM sales) AS days
)
SELECT
    sales.id_venta,
    sales.day AS fecha,
    sales.fecha AS momento,
    sales.id_cliente,
    version.cliente_clave,
    markets.id_mercado,
    sales.id_campana,
    sales.id_canal,
    sales.estado,
    coalesce(line_totals.lineas, 0) AS lineas,
    coalesce(line_totals.unidades, 0) AS unidades,
    sales.moneda,
    sales.total,
    sales.total * rates.usd AS total_usd
FROM sales
LEFT JOIN line_totals USING (id_venta)
LEFT JOIN rates USING (moneda, day)
LEFT JOIN dw.dim_cliente AS version ON
    version.id_cliente = sales.id_cliente
    AND version.vigente_desde <= sales.fecha AT TIME ZONE 'UTC'
    AND version.vigente_hasta > sales.fecha AT TIME ZONE 'UTC'
LEFT JOIN markets USING (codigo_pais, region, ciudad)
