-- Which months of which campaigns, and of requests?
SELECT id_campana, mes FROM changes WHERE tabla = 'hecho_contenido' AND mes IS NOT NULL
