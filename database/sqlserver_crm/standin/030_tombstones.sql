-- PromptCRM, stand-in: tombstones. The counterpart of schema/040_tombstones.sql, by the same rule: every
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

CREATE OR REPLACE TRIGGER tr_clientes_bajas AFTER DELETE ON dbo.clientes
REFERENCING OLD TABLE AS deleted
FOR EACH STATEMENT EXECUTE FUNCTION dbo.registrar_bajas('id_cliente');

CREATE OR REPLACE TRIGGER tr_clientes_bajas_clave AFTER UPDATE OF id_cliente ON dbo.clientes
FOR EACH ROW WHEN ((OLD.id_cliente) IS DISTINCT FROM (NEW.id_cliente))
EXECUTE FUNCTION dbo.registrar_bajas('id_cliente');

CREATE OR REPLACE TRIGGER tr_leads_bajas AFTER DELETE ON dbo.leads
REFERENCING OLD TABLE AS deleted
FOR EACH STATEMENT EXECUTE FUNCTION dbo.registrar_bajas('id_lead');

CREATE OR REPLACE TRIGGER tr_leads_bajas_clave AFTER UPDATE OF id_lead ON dbo.leads
FOR EACH ROW WHEN ((OLD.id_lead) IS DISTINCT FROM (NEW.id_lead))
EXECUTE FUNCTION dbo.registrar_bajas('id_lead');

CREATE OR REPLACE TRIGGER tr_ventas_bajas AFTER DELETE ON dbo.ventas
REFERENCING OLD TABLE AS deleted
FOR EACH STATEMENT EXECUTE FUNCTION dbo.registrar_bajas('id_venta');

CREATE OR REPLACE TRIGGER tr_ventas_bajas_clave AFTER UPDATE OF id_venta ON dbo.ventas
FOR EACH ROW WHEN ((OLD.id_venta) IS DISTINCT FROM (NEW.id_venta))
EXECUTE FUNCTION dbo.registrar_bajas('id_venta');

CREATE OR REPLACE TRIGGER tr_lineas_venta_bajas AFTER DELETE ON dbo.lineas_venta
REFERENCING OLD TABLE AS deleted
FOR EACH STATEMENT EXECUTE FUNCTION dbo.registrar_bajas('id_venta', 'numero_linea');

CREATE OR REPLACE TRIGGER tr_lineas_venta_bajas_clave AFTER UPDATE OF id_venta, numero_linea ON dbo.lineas_venta
FOR EACH ROW WHEN ((OLD.id_venta, OLD.numero_linea) IS DISTINCT FROM (NEW.id_venta, NEW.numero_linea))
EXECUTE FUNCTION dbo.registrar_bajas('id_venta', 'numero_linea');

CREATE OR REPLACE TRIGGER tr_consentimientos_bajas AFTER DELETE ON dbo.consentimientos
REFERENCING OLD TABLE AS deleted
FOR EACH STATEMENT EXECUTE FUNCTION dbo.registrar_bajas('id_consentimiento');

CREATE OR REPLACE TRIGGER tr_consentimientos_bajas_clave AFTER UPDATE OF id_consentimiento ON dbo.consentimientos
FOR EACH ROW WHEN ((OLD.id_consentimiento) IS DISTINCT FROM (NEW.id_consentimiento))
EXECUTE FUNCTION dbo.registrar_bajas('id_consentimiento');
