-- Single sign-on: who are the users, what may they do, which sessions are alive, which keys sign their tokens?
-- Passwords are Argon2id hashes, refresh tokens SHA-256 of 256 random bits; private keys are never in the database.
-- Two roles besides the owner:
--   promptsales_sso          signs users in and administers them (`promptsales sso`): no deletion, no change of the log;
--   promptsales_verificador  checks tokens (the MCP servers): public keys and whether a session is alive, nothing else.

CREATE SCHEMA IF NOT EXISTS sso;

DO $$
DECLARE
    rol text;
BEGIN
    FOREACH rol IN ARRAY ARRAY['promptsales_sso', 'promptsales_verificador'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = rol) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', rol);
        END IF;
    END LOOP;
END
$$;

CREATE TABLE IF NOT EXISTS sso.usuarios (
    id_usuario integer GENERATED ALWAYS AS IDENTITY,
    usuario text NOT NULL,
    nombre text NOT NULL,
    clave_hash text NOT NULL,
    activo boolean NOT NULL DEFAULT TRUE,
    login_postgresql name, -- the person's own login in this server, where they have one
    intentos_fallidos integer NOT NULL DEFAULT 0,
    bloqueado_hasta timestamptz,
    creado_en timestamptz NOT NULL DEFAULT clock_timestamp(),
    actualizado_en timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT pk_usuarios PRIMARY KEY (id_usuario),
    CONSTRAINT uq_usuarios_usuario UNIQUE (usuario),
    CONSTRAINT uq_usuarios_login UNIQUE (login_postgresql),
    CONSTRAINT ck_usuarios_usuario CHECK (usuario ~ '^[a-z][a-z0-9._-]{1,62}$'),
    CONSTRAINT ck_usuarios_clave CHECK (clave_hash LIKE '$argon2id$%')
);

COMMENT ON TABLE sso.usuarios IS
'Grain: user. Question: who is locked out at this moment, and until when?';

CREATE TABLE IF NOT EXISTS sso.roles (
    rol text NOT NULL,
    descripcion text NOT NULL,
    CONSTRAINT pk_roles PRIMARY KEY (rol)
);

CREATE TABLE IF NOT EXISTS sso.permisos (
    permiso text NOT NULL,
    descripcion text NOT NULL,
    CONSTRAINT pk_permisos PRIMARY KEY (permiso)
);

CREATE TABLE IF NOT EXISTS sso.roles_permisos (
    rol text NOT NULL,
    permiso text NOT NULL,
    CONSTRAINT pk_roles_permisos PRIMARY KEY (rol, permiso),
    CONSTRAINT fk_roles_permisos_rol FOREIGN KEY (rol) REFERENCES sso.roles (rol),
    CONSTRAINT fk_roles_permisos_permiso FOREIGN KEY (permiso) REFERENCES sso.permisos (permiso)
);

CREATE TABLE IF NOT EXISTS sso.usuarios_roles (
    id_usuario integer NOT NULL,
    rol text NOT NULL,
    otorgado_por text NOT NULL DEFAULT session_user,
    otorgado_en timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT pk_usuarios_roles PRIMARY KEY (id_usuario, rol),
    CONSTRAINT fk_usuarios_roles_usuario FOREIGN KEY (id_usuario) REFERENCES sso.usuarios (id_usuario),
    CONSTRAINT fk_usuarios_roles_rol FOREIGN KEY (rol) REFERENCES sso.roles (rol)
);

-- '*' is every country.
CREATE TABLE IF NOT EXISTS sso.usuarios_paises (
    id_usuario integer NOT NULL,
    codigo_pais text NOT NULL,
    CONSTRAINT pk_usuarios_paises PRIMARY KEY (id_usuario, codigo_pais),
    CONSTRAINT fk_usuarios_paises_usuario FOREIGN KEY (id_usuario) REFERENCES sso.usuarios (id_usuario),
    CONSTRAINT ck_usuarios_paises_codigo CHECK (codigo_pais = '*' OR codigo_pais ~ '^[A-Z]{2}$')
);

CREATE TABLE IF NOT EXISTS sso.sesiones (
    id_sesion uuid NOT NULL,
    id_usuario integer NOT NULL,
    creada_en timestamptz NOT NULL DEFAULT clock_timestamp(),
    vence_en timestamptz NOT NULL, -- each refresh moves it
    vence_siempre_en timestamptz NOT NULL, -- nothing does
    revocada_en timestamptz,
    motivo text,
    CONSTRAINT pk_sesiones PRIMARY KEY (id_sesion),
    CONSTRAINT fk_sesiones_usuario FOREIGN KEY (id_usuario) REFERENCES sso.usuarios (id_usuario),
    CONSTRAINT ck_sesiones_vence CHECK (vence_en <= vence_siempre_en)
);

CREATE INDEX IF NOT EXISTS ix_sesiones_vence ON sso.sesiones (vence_siempre_en);
CREATE INDEX IF NOT EXISTS ix_sesiones_vivas ON sso.sesiones (id_usuario) WHERE revocada_en IS NULL;

COMMENT ON TABLE sso.sesiones IS
'Grain: session. Redis (sesion:{id_usuario}) is its copy for the servers. Question: where is this user signed in?';

CREATE TABLE IF NOT EXISTS sso.refresh_tokens (
    huella bytea NOT NULL, -- SHA-256 of the token
    id_sesion uuid NOT NULL,
    emitido_en timestamptz NOT NULL DEFAULT clock_timestamp(),
    usado_en timestamptz,
    CONSTRAINT pk_refresh_tokens PRIMARY KEY (huella),
    CONSTRAINT fk_refresh_tokens_sesion FOREIGN KEY (id_sesion) REFERENCES sso.sesiones (id_sesion) ON DELETE CASCADE,
    CONSTRAINT ck_refresh_tokens_huella CHECK (octet_length(huella) = 32)
);

CREATE INDEX IF NOT EXISTS ix_refresh_tokens_sesion ON sso.refresh_tokens (id_sesion);

CREATE TABLE IF NOT EXISTS sso.llaves_publicas (
    kid text NOT NULL, -- RFC 7638 thumbprint
    jwk jsonb NOT NULL,
    creada_en timestamptz NOT NULL DEFAULT clock_timestamp(),
    retirada_en timestamptz, -- signs no more; what it signed holds until it expires
    anulada_en timestamptz, -- stolen: what it signed holds no more
    CONSTRAINT pk_llaves_publicas PRIMARY KEY (kid),
    CONSTRAINT ck_llaves_publicas_jwk CHECK (jwk ->> 'kty' = 'OKP' AND jwk ->> 'crv' = 'Ed25519' AND NOT jwk ? 'd')
);

CREATE TABLE IF NOT EXISTS sso.auditoria (
    id_auditoria bigint GENERATED ALWAYS AS IDENTITY,
    momento timestamptz NOT NULL DEFAULT clock_timestamp(),
    evento text NOT NULL,
    id_usuario integer,
    usuario text, -- as it was typed, where no such user exists: shortened
    id_sesion uuid,
    por text NOT NULL DEFAULT session_user,
    detalle jsonb,
    CONSTRAINT pk_auditoria PRIMARY KEY (id_auditoria)
);

CREATE INDEX IF NOT EXISTS ix_auditoria_usuario ON sso.auditoria (usuario, momento);
CREATE INDEX IF NOT EXISTS ix_auditoria_momento ON sso.auditoria (momento);

COMMENT ON TABLE sso.auditoria IS
'Grain: event: every sign-in, refusal, refresh, revocation and grant. Kept for 90 days. Question: who gave ana the role of a manager?';

INSERT INTO sso.roles (rol, descripcion) VALUES
('analista', 'Reads figures of its countries'),
('mercadeo', 'Plans campaigns and asks for copy'),
('ventas', 'Works with customers and registers sales'),
('gerente', 'Reads everything, and approves copy'),
('servicio', 'One MCP server that asks another'),
('administrador', 'Administers users; reads figures')
ON CONFLICT (rol) DO UPDATE SET descripcion = excluded.descripcion;

INSERT INTO sso.permisos (permiso, descripcion) VALUES
('content:read', 'Search images, read copy'),
('content:write', 'Generate campaign copy'),
('content:approve', 'Approve campaign copy'),
('ads:read', 'Read campaigns and their performance'),
('ads:write', 'Create campaigns'),
('crm:read', 'Read customers, masked'),
('crm:write', 'Register sales'),
('crm:personal', 'Read personal data in clear'),
('sales:read', 'Read the marts')
ON CONFLICT (permiso) DO UPDATE SET descripcion = excluded.descripcion;

-- What a role may is what this file says: a permission taken away here is taken away.
CREATE TEMPORARY TABLE permisos_de_rol (rol text, permiso text) ON COMMIT DROP;
INSERT INTO permisos_de_rol
SELECT
    concesion.rol,
    unnest(concesion.permisos)
FROM (
    VALUES
    ('analista', ARRAY['content:read', 'ads:read', 'crm:read', 'sales:read']),
    ('mercadeo', ARRAY['content:read', 'content:write', 'ads:read', 'ads:write', 'crm:read', 'sales:read']),
    ('ventas', ARRAY['content:read', 'ads:read', 'crm:read', 'crm:write', 'crm:personal', 'sales:read']),
    ('gerente', ARRAY['content:read', 'content:approve', 'ads:read', 'crm:read', 'sales:read']),
    ('servicio', ARRAY['content:read', 'ads:read', 'crm:read', 'sales:read']),
    ('administrador', ARRAY['sales:read'])
) AS concesion (rol, permisos);
DELETE FROM sso.roles_permisos
WHERE NOT EXISTS (
    SELECT FROM permisos_de_rol WHERE permisos_de_rol.rol = roles_permisos.rol AND permisos_de_rol.permiso = roles_permisos.permiso
);
INSERT INTO sso.roles_permisos (rol, permiso)
SELECT
    rol,
    permiso
FROM permisos_de_rol
ON CONFLICT DO NOTHING;

-- Whose figures may a user see? NULL is every country, none is nobody, or nobody active.
CREATE OR REPLACE FUNCTION sso.paises_de(id integer) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN count(*) FILTER (WHERE pais.codigo_pais = '*') > 0 THEN NULL
        ELSE coalesce(array_agg(pais.codigo_pais ORDER BY pais.codigo_pais), '{}') END
    FROM sso.usuarios AS usuario
    JOIN sso.usuarios_paises AS pais USING (id_usuario)
    WHERE usuario.activo AND usuario.id_usuario = id
$$;

-- Which countries may whoever reads see? NULL is every one, none is nobody signed on.
-- A person who came with their own login is that person, whatever the session says. The session's word (the setting
-- promptsales.id_usuario) is taken from the MCP servers' login alone: it runs their statements, never a user's.
CREATE OR REPLACE FUNCTION sso.paises_visibles() RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT sso.paises_de(CASE
        WHEN EXISTS (SELECT FROM sso.usuarios AS propio WHERE propio.login_postgresql = session_user)
            THEN (SELECT propio.id_usuario FROM sso.usuarios AS propio WHERE propio.login_postgresql = session_user)
        WHEN pg_has_role(session_user, 'promptsales_mcp', 'MEMBER')
            AND current_setting('promptsales.id_usuario', true) ~ '^[0-9]{1,9}$'
            THEN current_setting('promptsales.id_usuario', true)::integer
    END)
$$;

-- Whose session is alive? The durable answer, for when Redis has none to give.
CREATE OR REPLACE FUNCTION sso.sesion_viva(sesion uuid, id integer) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (
        SELECT FROM sso.sesiones
        JOIN sso.usuarios USING (id_usuario)
        WHERE id_sesion = sesion AND sesiones.id_usuario = id
        AND revocada_en IS NULL AND vence_en > clock_timestamp() AND activo
    )
$$;

-- Which keys may have signed a token that still holds? A retired one for the two hours that a token lives at most.
CREATE OR REPLACE FUNCTION sso.llaves_vigentes() RETURNS TABLE (kid text, jwk jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT llaves.kid, llaves.jwk
    FROM sso.llaves_publicas AS llaves
    WHERE llaves.anulada_en IS NULL
    AND (llaves.retirada_en IS NULL OR llaves.retirada_en > clock_timestamp() - interval '2 hours')
    ORDER BY llaves.creada_en DESC
$$;

CREATE OR REPLACE TRIGGER tr_usuarios_auditar
AFTER INSERT OR UPDATE OF usuario, nombre, clave_hash, activo, login_postgresql OR DELETE ON sso.usuarios
FOR EACH ROW EXECUTE FUNCTION ops.auditar('clave_hash', 'intentos_fallidos', 'bloqueado_hasta', 'actualizado_en');

CREATE OR REPLACE TRIGGER tr_usuarios_roles_auditar
AFTER INSERT OR UPDATE OR DELETE ON sso.usuarios_roles
FOR EACH ROW EXECUTE FUNCTION ops.auditar();

CREATE OR REPLACE TRIGGER tr_usuarios_paises_auditar
AFTER INSERT OR UPDATE OR DELETE ON sso.usuarios_paises
FOR EACH ROW EXECUTE FUNCTION ops.auditar();

CREATE OR REPLACE TRIGGER tr_roles_permisos_auditar
AFTER INSERT OR UPDATE OR DELETE ON sso.roles_permisos
FOR EACH ROW EXECUTE FUNCTION ops.auditar();

CREATE OR REPLACE TRIGGER tr_usuarios_actualizado
BEFORE UPDATE ON sso.usuarios
FOR EACH ROW EXECUTE FUNCTION ops.marcar_actualizacion();

REVOKE ALL ON ALL TABLES IN SCHEMA sso FROM promptsales_sso, promptsales_verificador;
REVOKE ALL ON FUNCTION sso.paises_de(integer), sso.paises_visibles(), sso.sesion_viva(uuid, integer), sso.llaves_vigentes() FROM public;

GRANT USAGE ON SCHEMA sso TO promptsales_sso, promptsales_verificador;
GRANT SELECT, INSERT, UPDATE ON sso.usuarios, sso.sesiones, sso.refresh_tokens, sso.llaves_publicas TO promptsales_sso;
GRANT SELECT, INSERT, DELETE ON sso.usuarios_roles, sso.usuarios_paises TO promptsales_sso;
GRANT SELECT ON sso.roles, sso.permisos, sso.roles_permisos TO promptsales_sso;
GRANT SELECT, INSERT ON sso.auditoria TO promptsales_sso;
GRANT EXECUTE ON FUNCTION sso.sesion_viva(uuid, integer), sso.llaves_vigentes()
TO promptsales_sso, promptsales_verificador;
-- For servers whose figures are in another database.
GRANT EXECUTE ON FUNCTION sso.paises_de(integer) TO promptsales_verificador;
