-- From which refresh of dw to which does mart have to follow, and what are dimensions among their changes? Followed
-- whole where it never was, where a market changed its place, and where the list of changes may have been cut.
SELECT
    posicion.id_refresco AS low,
    posicion.version,
    refreshes.high,
    coalesce(refreshes.tablas, '{{}}') AS tablas,
    posicion.id_refresco IS NULL OR refreshes.oldest < now() - interval '6 days' OR 'dim_mercado' = ANY(refreshes.tablas)
    AS whole
FROM mart.posicion
CROSS JOIN LATERAL (
    SELECT
        max(refrescos.id_refresco) AS high,
        min(refrescos.terminado_en) AS oldest,
        array_agg(DISTINCT tabla.name) FILTER (WHERE tabla.name IS NOT NULL) AS tablas
    FROM dw.refrescos
    LEFT JOIN LATERAL jsonb_object_keys(refrescos.filas) AS tabla (name) ON TRUE
    WHERE refrescos.id_refresco > coalesce(posicion.id_refresco, 0)
) AS refreshes
