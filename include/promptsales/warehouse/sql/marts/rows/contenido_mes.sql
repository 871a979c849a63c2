-- What did the content of the affected months take in tokens, time and money?
WITH content AS (
    SELECT affected.id_campana, affected.mes, hecho.origen, hecho.modelo AS motor, hecho.plantilla AS detalle,
        hecho.aprobado_en, FALSE AS fallida, hecho.tokens, hecho.costo_usd, hecho.latencia_ms
    FROM affected_contenido_mes AS affected
    JOIN dw.hecho_contenido AS hecho ON
        hecho.id_campana = affected.id_campana
        AND hecho.fecha >= affected.mes
        AND hecho.fecha < (affected.mes + interval '1 month')::date
    UNION ALL
    SELECT affected.id_campana, affected.mes, hecho.origen, coalesce(hecho.modelo, hecho.servicio),
        coalesce(hecho.plantilla, hecho.metodo), hecho.aprobado_en,
        hecho.origen = 'solicitud' AND hecho.estado IS DISTINCT FROM 'exito', hecho.tokens, hecho.costo_usd,
        hecho.latencia_ms
    FROM affected_contenido_mes AS affected
    JOIN dw.hecho_contenido AS hecho ON
        hecho.fecha >= affected.mes
        AND hecho.fecha < (affected.mes + interval '1 month')::date
    WHERE affected.id_campana = 0 AND hecho.id_campana IS NULL
)
SELECT
    id_campana,
    mes,
    origen,
    coalesce(motor, '') AS motor,
    coalesce(detalle, '') AS detalle,
    count(*) AS piezas,
    count(aprobado_en) AS aprobadas,
    count(*) FILTER (WHERE fallida) AS fallidas,
    coalesce(sum(tokens), 0) AS tokens,
    coalesce(sum(costo_usd), 0) AS costo_usd,
    coalesce(sum(latencia_ms::numeric), 0) AS latencia_ms,
    count(latencia_ms) AS latencias
FROM content
GROUP BY id_campana, mes, origen, motor, detalle
