-- Which sales may have changed? Those of the loads, of their lines, of customers with another version, in markets that
-- changed, and those whose rate was corrected.
SELECT id_venta FROM changed_ventas
UNION
SELECT id_venta FROM changed_lineas_venta
UNION
SELECT hecho.id_venta
FROM touched
JOIN dw.hecho_venta AS hecho ON hecho.id_cliente = touched.id_cliente
WHERE touched.tabla = 'dim_cliente' AND touched.accion = 'UPDATE'
UNION
SELECT hecho.id_venta
FROM touched
JOIN dw.hecho_venta AS hecho ON hecho.id_mercado = touched.clave
WHERE touched.tabla = 'dim_mercado'
UNION
SELECT hecho.id_venta
FROM touched
JOIN dw.dim_mercado AS mercado ON mercado.id_mercado = touched.clave
JOIN dw.dim_cliente AS version USING (codigo_pais, region, ciudad)
JOIN dw.hecho_venta AS hecho ON
    hecho.id_cliente = version.id_cliente AND hecho.cliente_clave = version.cliente_clave
WHERE touched.tabla = 'dim_mercado'
UNION
SELECT hecho.id_venta
FROM changed_rates
JOIN dw.hecho_venta AS hecho ON
    hecho.moneda = changed_rates.moneda AND hecho.fecha >= changed_rates.fecha AND hecho.fecha < changed_rates.hasta
