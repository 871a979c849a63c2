-- Who reads the marts? Group roles, which whoever runs the server gives to logins:
--   promptsales_analista  reads mart, the rows of the countries that the signed-on user may see (060_row_security.sql);
--   promptsales_mcp       the MCP servers' login: the same and nothing else;
--   promptsales_gerente   the same, and runs the month-end commissions (procedures/100_calcular_comisiones.sql).
-- The signed-on user is what the session says in promptsales.id_usuario. So these are roles for servers that run their
-- own statements only: whoever can send any SQL could name another user.

DO $$
DECLARE
    rol text;
BEGIN
    FOREACH rol IN ARRAY ARRAY['promptsales_analista', 'promptsales_mcp', 'promptsales_gerente'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = rol) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', rol);
        END IF;
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA mart TO promptsales_analista, promptsales_mcp, promptsales_gerente;

-- Whatever an earlier version of this file granted and this one does not.
REVOKE ALL ON ALL TABLES IN SCHEMA mart FROM promptsales_analista, promptsales_mcp, promptsales_gerente;

-- Not rfm_cliente: segments are told of groups, never of one customer.
GRANT SELECT ON
mart.posicion, mart.canal, mart.mercado, mart.campana, mart.campana_pais, mart.actividad_mes, mart.embudo_mes,
mart.rfm_grupo, mart.contenido_mes, mart.sentimiento_mes, mart.rendimiento_campana_mes, mart.rendimiento_campana,
mart.ranking_canal, mart.ventas_lugar_mes, mart.ranking_mercado, mart.embudo_cohorte, mart.segmentos_rfm,
mart.rendimiento_contenido, mart.sentimiento_campana, mart.frescura_etl
TO promptsales_analista, promptsales_mcp, promptsales_gerente;
