-- Whose figures may a user see? What sso.paises_visibles() answers for the reader of mart, for a server whose figures
-- are in another database: NULL is every country, none is nobody, or nobody active.
CREATE OR REPLACE FUNCTION sso.paises_de(id integer) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN count(*) FILTER (WHERE pais.codigo_pais = '*') > 0 THEN NULL
        ELSE coalesce(array_agg(pais.codigo_pais ORDER BY pais.codigo_pais), '{}') END
    FROM sso.usuarios AS usuario
    JOIN sso.usuarios_paises AS pais USING (id_usuario)
    WHERE usuario.activo AND usuario.id_usuario = id
$$;

REVOKE ALL ON FUNCTION sso.paises_de(integer) FROM public;
GRANT EXECUTE ON FUNCTION sso.paises_de(integer) TO promptsales_verificador;
