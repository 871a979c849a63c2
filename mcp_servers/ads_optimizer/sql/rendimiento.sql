-- How did a campaign do over some days, as a whole or by channel, day or month?
WITH dias AS (
    SELECT
        CASE %(por)s
            WHEN N'channel' THEN canal.nombre
            WHEN N'day' THEN CONVERT(char(10), dia.fecha, 23)
            WHEN N'month' THEN LEFT(CONVERT(char(10), dia.fecha, 23), 7)
        END AS grupo,
        dia.impresiones,
        dia.alcance,
        dia.clics,
        dia.reacciones,
        dia.conversiones,
        dia.costo,
        dia.ingresos
    FROM etl.rendimiento_diario AS dia
    INNER JOIN etl.canales AS canal ON dia.id_canal = canal.id_canal
    WHERE dia.id_campana = %(id_campana)s AND dia.fecha BETWEEN %(desde)s AND %(hasta)s
)

SELECT
    grupo,
    SUM(impresiones) AS impresiones,
    SUM(alcance) AS alcance,
    SUM(CONVERT(bigint, clics)) AS clics,
    SUM(CONVERT(bigint, reacciones)) AS reacciones,
    SUM(CONVERT(bigint, conversiones)) AS conversiones,
    SUM(costo) AS costo,
    SUM(ingresos) AS ingresos
FROM dias
GROUP BY grupo
ORDER BY grupo;
