-- What did the refreshes of dw since the last one of mart touch?
SELECT DISTINCT tabla, coalesce(id_campana, 0) AS id_campana, date_trunc('month', fecha)::date AS mes
FROM dw.cambios
WHERE id_refresco > {low} AND id_refresco <= {high}
