-- What is each influencer paid for the last month that was run, on what sales? (scripts/cierre_de_mes.sql runs it.)
SELECT
    comision.mes,
    coalesce(influencer.nombre, 'influencer ' || comision.id_influencer) AS influencer,
    comision.ventas,
    comision.base_usd,
    comision.porcentaje,
    comision.comision_usd,
    corrida.estado AS corrida
FROM ops.comisiones AS comision
INNER JOIN ops.corridas_comision AS corrida USING (mes)
LEFT JOIN dw.dim_influencer AS influencer USING (id_influencer)
WHERE comision.mes = (SELECT max(mes) FROM ops.corridas_comision)
ORDER BY comision.comision_usd DESC, comision.id_influencer
LIMIT 20;
