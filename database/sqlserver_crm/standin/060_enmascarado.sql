-- PromptCRM, stand-in: what the MCP server reads. The counterpart of security/050_vistas_enmascaradas.sql: the masks are
-- part of the views, so that they hold for WHERE as well.

CREATE SCHEMA IF NOT EXISTS enmascarado;

CREATE OR REPLACE VIEW enmascarado.clientes AS
SELECT
    id_cliente,
    left(nombre, 1) || '***' AS nombre,
    left(apellidos, 1) || '***' AS apellidos,
    extract(YEAR FROM fecha_nacimiento)::integer / 10 * 10 AS decada_nacimiento,
    genero,
    segmento,
    pais,
    codigo_pais,
    region,
    ciudad,
    id_campana_origen,
    fecha_registro,
    activo
FROM dbo.clientes;

CREATE OR REPLACE VIEW enmascarado.ventas AS
SELECT
    id_venta,
    id_cliente,
    id_campana,
    id_canal,
    fecha,
    total,
    moneda,
    estado
FROM dbo.ventas;

CREATE OR REPLACE VIEW enmascarado.leads AS
SELECT
    id_lead,
    id_campana,
    id_canal,
    id_cliente,
    estado,
    puntaje,
    creado_en,
    convertido_en
FROM dbo.leads;

GRANT USAGE ON SCHEMA dbo, enmascarado TO promptsales_mcp;
GRANT SELECT ON ALL TABLES IN SCHEMA enmascarado TO promptsales_mcp;
