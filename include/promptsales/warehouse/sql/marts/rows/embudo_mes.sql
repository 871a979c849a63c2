-- How far did the leads of the affected cohorts get, and what did they buy in their campaign from then on?
SELECT
    affected.id_campana,
    affected.cohorte,
    lead.id_canal,
    coalesce(version.codigo_pais, 'ZZ') AS codigo_pais,
    count(*) AS leads,
    count(*) FILTER (WHERE lead.estado IN ('contactado', 'calificado', 'convertido')) AS contactados,
    count(*) FILTER (WHERE lead.estado IN ('calificado', 'convertido')) AS calificados,
    count(*) FILTER (WHERE lead.estado = 'convertido') AS convertidos,
    count(*) FILTER (WHERE lead.estado = 'perdido') AS perdidos,
    count(*) FILTER (WHERE purchases.ventas > 0) AS compradores,
    coalesce(sum(purchases.ingresos_usd), 0) AS ingresos_usd,
    coalesce(
        round(
            sum(extract(EPOCH FROM lead.convertido_en - lead.creado_en) / 3600)
            FILTER (WHERE lead.estado = 'convertido'),
            4
        ),
        0
    ) AS horas_conversion
FROM affected_embudo_mes AS affected
JOIN dw.hecho_lead AS lead ON
    lead.id_campana = affected.id_campana
    AND lead.fecha >= affected.cohorte
    AND lead.fecha < (affected.cohorte + interval '1 month')::date
LEFT JOIN dw.dim_cliente AS version USING (cliente_clave)
LEFT JOIN LATERAL (
    SELECT count(*) AS ventas, sum(venta.total_usd) AS ingresos_usd
    FROM dw.hecho_venta AS venta
    WHERE
        venta.id_cliente = lead.id_cliente
        AND venta.id_campana = lead.id_campana
        AND venta.momento >= lead.convertido_en
) AS purchases ON TRUE
GROUP BY affected.id_campana, affected.cohorte, lead.id_canal, version.codigo_pais
