-- How do the changed customers stand in the mirror, and since when?
CREATE TEMP TABLE staged_dim_cliente ON COMMIT DROP AS
SELECT
    id_cliente,
    clientes.id_cliente IS NOT NULL AS found,
    clientes.segmento,
    clientes.pais,
    clientes.codigo_pais,
    clientes.region,
    clientes.ciudad,
    clientes.latitud,
    clientes.longitud,
    clientes.genero,
    clientes.anio_nacimiento,
    clientes.id_campana_origen,
    clientes.fecha_registro,
    clientes.activo,
    coalesce(loads.committed_at, now()) AS desde
FROM changed_clientes
LEFT JOIN ods_promptcrm.clientes AS clientes USING (id_cliente)
LEFT JOIN etl.loads AS loads ON loads.load_id = clientes._load_id
