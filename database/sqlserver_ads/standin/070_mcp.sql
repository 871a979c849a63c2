-- PromptAds, stand-in: what the MCP server ads_optimizer reads: the views of etl, without tombstones and ceiling. The
-- counterpart of what security/010_roles.sql grants to rol_mcp_ads.

GRANT USAGE ON SCHEMA dbo, etl TO promptsales_mcp;
GRANT SELECT ON
etl.marcas, etl.canales, etl.mercados, etl.influencers, etl.campanas, etl.anuncios, etl.campanas_mercados,
etl.rendimiento_diario, etl.sentimientos
TO promptsales_mcp;
