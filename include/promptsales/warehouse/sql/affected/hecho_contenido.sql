-- Which generations and requests may have changed? Those of the loads, and those whose tariff was corrected.
SELECT 'copia' AS origen, id AS id_origen FROM changed_logs_campanas
UNION
SELECT 'solicitud', id FROM changed_bitacora_solicitudes
UNION
SELECT hecho.origen, hecho.id_origen
FROM changed_tariffs
JOIN dw.hecho_contenido AS hecho ON
    coalesce(hecho.modelo, hecho.servicio) = changed_tariffs.modelo
    AND hecho.fecha >= changed_tariffs.desde
    AND hecho.fecha < changed_tariffs.hasta
