-- Which rows of dw does this refresh insert, update or delete? Campaign, day and customer before and after.
CREATE TEMP TABLE touched (
    tabla text NOT NULL,
    accion text NOT NULL,
    id_campana_antes integer,
    fecha_antes date,
    id_cliente_antes integer,
    id_campana integer,
    fecha date,
    id_cliente integer,
    clave integer -- of a dimension with a key of one column
) ON COMMIT DROP
