-- Which changes are older than whoever follows them may be?
DELETE FROM {log}
WHERE id_refresco < (
    SELECT min(id_refresco) FROM dw.refrescos WHERE terminado_en > now() - interval '7 days'
)
