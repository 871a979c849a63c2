-- Which customers did the refreshes of dw since the last one of mart touch?
SELECT DISTINCT id_cliente
FROM dw.cambios_cliente
WHERE id_refresco > {low} AND id_refresco <= {high}
