-- Who are these customers, masked?
SELECT
    id_cliente,
    nombre,
    apellidos,
    decada_nacimiento,
    segmento,
    codigo_pais,
    region,
    ciudad,
    fecha_registro,
    activo
FROM enmascarado.clientes
WHERE id_cliente IN %(claves)s;
