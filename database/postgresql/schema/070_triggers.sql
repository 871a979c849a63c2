-- Which tables are audited, which say when a row last changed, and what are caches told?

CREATE OR REPLACE TRIGGER tr_comisiones_auditar
AFTER INSERT OR UPDATE OR DELETE ON ops.comisiones
FOR EACH ROW EXECUTE FUNCTION ops.auditar('actualizado_en');

CREATE OR REPLACE TRIGGER tr_tarifa_comision_auditar
AFTER INSERT OR UPDATE OR DELETE ON ops.tarifa_comision
FOR EACH ROW EXECUTE FUNCTION ops.auditar('actualizado_en');

CREATE OR REPLACE TRIGGER tr_comisiones_actualizado
BEFORE UPDATE ON ops.comisiones
FOR EACH ROW EXECUTE FUNCTION ops.marcar_actualizacion();

CREATE OR REPLACE TRIGGER tr_tarifa_comision_actualizado
BEFORE UPDATE ON ops.tarifa_comision
FOR EACH ROW EXECUTE FUNCTION ops.marcar_actualizacion();

CREATE OR REPLACE TRIGGER tr_corridas_comision_actualizado
BEFORE UPDATE ON ops.corridas_comision
FOR EACH ROW EXECUTE FUNCTION ops.marcar_actualizacion();

-- Of a run of the refresh, also where it changed nothing: it looked.
CREATE OR REPLACE TRIGGER tr_posicion_actualizado
BEFORE UPDATE OF id_refresco ON mart.posicion
FOR EACH ROW EXECUTE FUNCTION ops.marcar_actualizacion();

-- Every version of the marts is told on the channel promptsales_cache, at the commit of the refresh that made it:
-- {"version": 12, "cambiadas": ["actividad_mes", "campana"]}.
CREATE OR REPLACE FUNCTION mart.anunciar_version() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM pg_notify(
        'promptsales_cache', json_build_object('version', new.version, 'cambiadas', new.cambiadas)::text
    );
    RETURN NULL;
END
$$;

REVOKE ALL ON FUNCTION mart.anunciar_version() FROM public;

CREATE OR REPLACE TRIGGER tr_posicion_anunciar
AFTER UPDATE OF version ON mart.posicion
FOR EACH ROW WHEN (new.version <> old.version)
EXECUTE FUNCTION mart.anunciar_version();
