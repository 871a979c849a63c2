-- What did the affected generations and requests take in tokens, time and dollars at the tariff of the day?
WITH usage AS (
    SELECT
        affected.origen,
        affected.id_origen,
        logs.creado_en AS momento,
        -- MongoDB may hold any whole number; one that no campaign can have is none.
        CASE WHEN logs.id_campana BETWEEN 1 AND 2147483647 THEN logs.id_campana END AS id_campana,
        logs.modelo,
        NULL AS servicio,
        NULL AS metodo,
        logs.plantilla,
        logs.estado,
        logs.aprobado_en,
        logs.tokens,
        logs.latencia_ms
    FROM affected_hecho_contenido AS affected
    JOIN ods_promptcontent.logs_campanas AS logs ON logs.id = affected.id_origen
    WHERE affected.origen = 'copia'
    UNION ALL
    SELECT
        affected.origen, affected.id_origen, requests.fecha, NULL, NULL, requests.servicio_utilizado, requests.metodo,
        NULL, requests.resultado, NULL, requests.tokens_consumidos, requests.tiempo_respuesta_ms
    FROM affected_hecho_contenido AS affected
    JOIN ods_promptcontent.bitacora_solicitudes AS requests ON requests.id = affected.id_origen
    WHERE affected.origen = 'solicitud'
),
dated AS (
    SELECT usage.*, (usage.momento AT TIME ZONE 'UTC')::date AS fecha FROM usage
)
SELECT
    dated.*,
    dated.tokens * (
        SELECT tarifa_modelo.usd_por_millon_tokens
        FROM dw.tarifa_modelo
        WHERE tarifa_modelo.modelo = coalesce(dated.modelo, dated.servicio) AND tarifa_modelo.desde <= dated.fecha
        ORDER BY tarifa_modelo.desde DESC
        LIMIT 1
    ) / 1000000 AS costo_usd
FROM dated
