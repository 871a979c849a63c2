-- Which campaigns have other figures or another name than before? They get the version of the marts.
UPDATE mart.campana
SET version = {version}
WHERE id_campana IN (SELECT id_campana FROM touched_marts)
