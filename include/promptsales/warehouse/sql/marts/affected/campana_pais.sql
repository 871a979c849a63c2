-- Which campaigns? Those that changed in budget or markets, or may have begun or ceased to sell in a country.
SELECT id_campana FROM changes WHERE tabla IN ('dim_campana', 'puente_campana_mercado')
UNION
SELECT id_campana FROM touched_marts WHERE mart = 'actividad_mes'
