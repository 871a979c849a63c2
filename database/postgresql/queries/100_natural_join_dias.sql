-- NATURAL JOIN: on which days of the week do people buy, and for how much?
--
-- hecho_venta and dim_fecha have one column of one name, fecha, and a natural join takes all that there are: a new
-- column of the same name in both would silently become a condition. So both sides name their columns here.
SELECT
    dia.dia_semana,
    dia.nombre_dia,
    count(*) AS ventas,
    round(avg(venta.total_usd), 2) AS venta_media_usd,
    round(100.0 * count(*) / sum(count(*)) OVER (), 1) AS porcentaje
FROM (SELECT fecha, total_usd FROM dw.hecho_venta) AS venta
NATURAL JOIN (SELECT fecha, dia_semana, nombre_dia FROM dw.dim_fecha) AS dia
GROUP BY dia.dia_semana, dia.nombre_dia
ORDER BY dia.dia_semana;
