-- What did each channel of a campaign cost and earn, day by day, over some days? Out of it comes how earnings answer to
-- spending.
SELECT
    canal.nombre AS canal,
    dia.fecha,
    dia.costo,
    dia.ingresos
FROM etl.rendimiento_diario AS dia
INNER JOIN etl.canales AS canal ON dia.id_canal = canal.id_canal
WHERE dia.id_campana = %(id_campana)s AND dia.fecha BETWEEN %(desde)s AND %(hasta)s
ORDER BY canal.nombre, dia.fecha;
