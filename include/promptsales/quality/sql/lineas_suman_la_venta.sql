-- Which sales are not the sum of their lines?
SELECT jsonb_build_object('id_venta', id_venta, 'venta', ventas.total, 'lineas', lines.total) AS row
FROM ods_promptcrm.ventas
FULL JOIN (
    SELECT
        id_venta,
        sum(importe) AS total
    FROM ods_promptcrm.lineas_venta
    GROUP BY id_venta
) AS lines USING (id_venta)
WHERE ventas.total IS DISTINCT FROM lines.total
