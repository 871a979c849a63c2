-- Which months of which campaigns?
SELECT id_campana, mes FROM changes WHERE tabla = 'hecho_sentimiento'
