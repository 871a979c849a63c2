-- What do people ask first of a campaign? Its figures over all of its time, as far as the reader may see them.
SELECT
    rendimiento.*,
    coalesce(leads.leads, 0) AS leads,
    coalesce(leads.convertidos, 0) AS leads_convertidos,
    campana.version
FROM mart.campana AS campana
JOIN mart.rendimiento_campana AS rendimiento USING (id_campana)
LEFT JOIN (
    SELECT id_campana, sum(leads)::bigint AS leads, sum(convertidos)::bigint AS convertidos
    FROM mart.embudo_mes
    GROUP BY id_campana
) AS leads USING (id_campana)
WHERE campana.id_campana = ANY(%(campaigns)s)
