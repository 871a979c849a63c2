-- PromptAds, stand-in: tombstones. The counterpart of schema/040_tombstones.sql, by the same rule: every
-- key that a statement took away and that the table does not hold when the statement ends.

CREATE OR REPLACE FUNCTION dbo.registrar_bajas() RETURNS trigger
LANGUAGE plpgsql AS $function$
-- Arguments: the columns of the table's key, in order. As a statement trigger it reads the deleted rows
-- from the transition table "deleted"; as a row trigger, the row whose key an UPDATE changed.
DECLARE
    gone text := CASE TG_LEVEL WHEN 'STATEMENT' THEN 'deleted' ELSE '(SELECT ($1).*)' END;
    clave text;
    same_key text;
BEGIN
    SELECT string_agg(format('d.%I', columna), ', ' ORDER BY orden),
           string_agg(format('t.%1$I = d.%1$I', columna), ' AND ' ORDER BY orden)
    INTO clave, same_key
    FROM unnest(TG_ARGV) WITH ORDINALITY AS llave (columna, orden);

    EXECUTE format(
        'INSERT INTO dbo.bajas (tabla, clave)
         SELECT %L, ''['' || concat_ws('','', %s) || '']''
         FROM %s AS d
         WHERE NOT EXISTS (SELECT FROM %I.%I AS t WHERE %s)',
        TG_TABLE_NAME, clave, gone, TG_TABLE_SCHEMA, TG_TABLE_NAME, same_key
    ) USING OLD;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE TRIGGER tr_marcas_bajas AFTER DELETE ON dbo.marcas
REFERENCING OLD TABLE AS deleted
FOR EACH STATEMENT EXECUTE FUNCTION dbo.registrar_bajas('id_marca');

CREATE OR REPLACE TRIGGER tr_marcas_bajas_clave AFTER UPDATE OF id_marca ON dbo.marcas
FOR EACH ROW WHEN ((OLD.id_marca) IS DISTINCT FROM (NEW.id_marca))
EXECUTE FUNCTION dbo.registrar_bajas('id_marca');

CREATE OR REPLACE TRIGGER tr_canales_bajas AFTER DELETE ON dbo.canales
REFERENCING OLD TABLE AS deleted
FOR EACH STATEMENT EXECUTE FUNCTION dbo.registrar_bajas('id_canal');

CREATE OR REPLACE TRIGGER tr_canales_bajas_clave AFTER UPDATE OF id_canal ON dbo.canales
FOR EACH ROW WHEN ((OLD.id_canal) IS DISTINCT FROM (NEW.id_canal))
EXECUTE FUNCTION dbo.registrar_bajas('id_canal');

CREATE OR REPLACE TRIGGER tr_mercados_bajas AFTER DELETE ON dbo.mercados
REFERENCING OLD TABLE AS deleted
FOR EACH STATEMENT EXECUTE FUNCTION dbo.registrar_bajas('id_mercado');

CREATE OR REPLACE TRIGGER tr_mercados_bajas_clave AFTER UPDATE OF id_mercado ON dbo.mercados
FOR EACH ROW WHEN ((OLD.id_mercado) IS DISTINCT FROM (NEW.id_mercado))
EXECUTE FUNCTION dbo.registrar_bajas('id_mercado');

CREATE OR REPLACE TRIGGER tr_influencers_bajas AFTER DELETE ON dbo.influencers
REFERENCING OLD TABLE AS deleted
FOR EACH STATEMENT EXECUTE FUNCTION dbo.registrar_bajas('id_influencer');

CREATE OR REPLACE TRIGGER tr_influencers_bajas_clave AFTER UPDATE OF id_influencer ON dbo.influencers
FOR EACH ROW WHEN ((OLD.id_influencer) IS DISTINCT FROM (NEW.id_influencer))
EXECUTE FUNCTION dbo.registrar_bajas('id_influencer');

CREATE OR REPLACE TRIGGER tr_campanas_bajas AFTER DELETE ON dbo.campanas
REFERENCING OLD TABLE AS deleted
FOR EACH STATEMENT EXECUTE FUNCTION dbo.registrar_bajas('id_campana');

CREATE OR REPLACE TRIGGER tr_campanas_bajas_clave AFTER UPDATE OF id_campana ON dbo.campanas
FOR EACH ROW WHEN ((OLD.id_campana) IS DISTINCT FROM (NEW.id_campana))
EXECUTE FUNCTION dbo.registrar_bajas('id_campana');

CREATE OR REPLACE TRIGGER tr_anuncios_bajas AFTER DELETE ON dbo.anuncios
REFERENCING OLD TABLE AS deleted
FOR EACH STATEMENT EXECUTE FUNCTION dbo.registrar_bajas('id_anuncio');

CREATE OR REPLACE TRIGGER tr_anuncios_bajas_clave AFTER UPDATE OF id_anuncio ON dbo.anuncios
FOR EACH ROW WHEN ((OLD.id_anuncio) IS DISTINCT FROM (NEW.id_anuncio))
EXECUTE FUNCTION dbo.registrar_bajas('id_anuncio');

CREATE OR REPLACE TRIGGER tr_campanas_mercados_bajas AFTER DELETE ON dbo.campanas_mercados
REFERENCING OLD TABLE AS deleted
FOR EACH STATEMENT EXECUTE FUNCTION dbo.registrar_bajas('id_campana', 'id_mercado');

CREATE OR REPLACE TRIGGER tr_campanas_mercados_bajas_clave
AFTER UPDATE OF id_campana, id_mercado ON dbo.campanas_mercados
FOR EACH ROW WHEN ((OLD.id_campana, OLD.id_mercado) IS DISTINCT FROM (NEW.id_campana, NEW.id_mercado))
EXECUTE FUNCTION dbo.registrar_bajas('id_campana', 'id_mercado');

CREATE OR REPLACE TRIGGER tr_rendimiento_diario_bajas AFTER DELETE ON dbo.rendimiento_diario
REFERENCING OLD TABLE AS deleted
FOR EACH STATEMENT EXECUTE FUNCTION dbo.registrar_bajas('id_rendimiento');

CREATE OR REPLACE TRIGGER tr_rendimiento_diario_bajas_clave AFTER UPDATE OF id_rendimiento ON dbo.rendimiento_diario
FOR EACH ROW WHEN ((OLD.id_rendimiento) IS DISTINCT FROM (NEW.id_rendimiento))
EXECUTE FUNCTION dbo.registrar_bajas('id_rendimiento');

CREATE OR REPLACE TRIGGER tr_sentimientos_bajas AFTER DELETE ON dbo.sentimientos
REFERENCING OLD TABLE AS deleted
FOR EACH STATEMENT EXECUTE FUNCTION dbo.registrar_bajas('id_sentimiento');

CREATE OR REPLACE TRIGGER tr_sentimientos_bajas_clave AFTER UPDATE OF id_sentimiento ON dbo.sentimientos
FOR EACH ROW WHEN ((OLD.id_sentimiento) IS DISTINCT FROM (NEW.id_sentimiento))
EXECUTE FUNCTION dbo.registrar_bajas('id_sentimiento');
