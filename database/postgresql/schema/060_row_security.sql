-- Whose figures does a reader of mart see? Those of the countries that sso.paises_visibles() gives the signed-on user:
-- NULL is every country, none is nobody signed on. The function is called once a query, as a scalar subquery.

ALTER TABLE mart.mercado ENABLE ROW LEVEL SECURITY;
ALTER TABLE mart.campana ENABLE ROW LEVEL SECURITY;
ALTER TABLE mart.campana_pais ENABLE ROW LEVEL SECURITY;
ALTER TABLE mart.actividad_mes ENABLE ROW LEVEL SECURITY;
ALTER TABLE mart.embudo_mes ENABLE ROW LEVEL SECURITY;
ALTER TABLE mart.rfm_cliente ENABLE ROW LEVEL SECURITY;
ALTER TABLE mart.rfm_grupo ENABLE ROW LEVEL SECURITY;
ALTER TABLE mart.contenido_mes ENABLE ROW LEVEL SECURITY;
ALTER TABLE mart.sentimiento_mes ENABLE ROW LEVEL SECURITY;

DO $$
DECLARE
    lectores CONSTANT text := 'promptsales_analista, promptsales_mcp, promptsales_gerente';
    propio_pais CONSTANT text :=
        '(SELECT sso.paises_visibles()) IS NULL OR codigo_pais = ANY ((SELECT sso.paises_visibles())::text[])';
    -- campana_pais shows the reader the campaigns of their own countries: its own policy holds inside of this one.
    propia_campana CONSTANT text :=
        '(SELECT sso.paises_visibles()) IS NULL OR id_campana IN (SELECT visible.id_campana FROM mart.campana_pais AS visible)';
    tabla text;
BEGIN
    FOR tabla IN SELECT relname FROM pg_class WHERE relnamespace = 'mart'::regnamespace AND relrowsecurity LOOP
        EXECUTE format('DROP POLICY IF EXISTS escritura_etl ON mart.%I', tabla);
        EXECUTE format('CREATE POLICY escritura_etl ON mart.%I TO promptsales_etl USING (TRUE) WITH CHECK (TRUE)', tabla);
        EXECUTE format('DROP POLICY IF EXISTS lectura_por_pais ON mart.%I', tabla);
        EXECUTE format(
            'CREATE POLICY lectura_por_pais ON mart.%I FOR SELECT TO %s USING (%s)',
            tabla,
            lectores,
            CASE WHEN tabla IN ('campana', 'contenido_mes', 'sentimiento_mes') THEN propia_campana ELSE propio_pais END
        );
    END LOOP;
END
$$;

GRANT EXECUTE ON FUNCTION sso.paises_visibles()
TO promptsales_analista, promptsales_mcp, promptsales_gerente;

-- On what does an answer out of mart depend, beside its question? The version of the marts and the reader's countries.
-- Caches put it into their keys: an answer from before a refresh, or for another reader, is then never found.
CREATE OR REPLACE FUNCTION mart.epoca() RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT
        posicion.version || ':' || coalesce(
            (SELECT string_agg(pais, ',' ORDER BY pais) FROM unnest(sso.paises_visibles()) AS pais),
            CASE WHEN sso.paises_visibles() IS NULL THEN '*' ELSE '' END
        )
    FROM mart.posicion;
END;

REVOKE ALL ON FUNCTION mart.epoca() FROM public;
GRANT EXECUTE ON FUNCTION mart.epoca()
TO promptsales_analista, promptsales_mcp, promptsales_gerente;
