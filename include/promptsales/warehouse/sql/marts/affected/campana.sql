-- Which campaigns? Those that changed themselves, and all of them when a brand did.
SELECT id_campana FROM changes WHERE tabla = 'dim_campana'
UNION
SELECT id_campana FROM dw.dim_campana WHERE {brands_changed}
