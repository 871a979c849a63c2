-- Which active brand has this name?
SELECT id_marca
FROM etl.marcas
WHERE nombre = %(marca)s AND activa = 1;
