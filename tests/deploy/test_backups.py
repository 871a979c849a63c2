"""Backups of the engines that run here: back up, wipe, restore, and everything is as it was."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from chart import Find
from mart_readers import FilledWarehouse
from pymongo import MongoClient
from redis import Redis

from promptsales.connections import connect_redis, from_settings
from promptsales.etl.reconcile import Outcome, reconcile
from promptsales.etl.spec import load_pipelines
from promptsales.local.engines import down, environment, up
from promptsales.local.postgres import Warehouse, binary
from promptsales.local.state import load_passwords, load_state
from promptsales.local.valkey import Valkey
from promptsales.paths import PROJECT_ROOT
from promptsales.seeding.simulate import simulate_changes
from promptsales.settings import Settings

pytestmark = pytest.mark.slow

SCRIPTS = PROJECT_ROOT / "deployment" / "backup"

TABLES = "SELECT relid::regclass::text FROM pg_stat_user_tables ORDER BY 1"


def run(script: str, folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A script, with PostgreSQL's own programs before the machine's."""
    path = f"{binary('psql').parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["sh", str(SCRIPTS / script), *arguments],
        env={**os.environ, "PATH": path, "BACKUP_FOLDER": str(folder), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def filled() -> Iterator[FilledWarehouse]:
    """Engines that nobody else's tests look at: their databases are dropped here."""
    folder = Path(tempfile.mkdtemp(prefix="promptsales-"))
    try:
        up(folder)
        settings = Settings.model_validate(environment(folder))
        warehouse = FilledWarehouse(folder, from_settings(settings, admin=True), from_settings(settings))
        warehouse.fill()
        yield warehouse
    finally:
        down(folder)
        shutil.rmtree(folder)


def superuser(filled: FilledWarehouse) -> dict[str, str]:
    """Where PostgreSQL is and who administers it, as its programs take it."""
    port = load_state(filled.folder).ports()[Warehouse.name]
    return {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(port),
        "PGUSER": "postgres",
        "PGPASSWORD": load_passwords(filled.folder)["postgres"],
    }


def counts(filled: FilledWarehouse) -> dict[str, int]:
    """Rows of each table of the warehouse."""
    with closing(psycopg.connect(dbname="promptsales", **arguments(superuser(filled)))) as connection:
        tables = [name for (name,) in connection.execute(TABLES).fetchall()]
        each = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for name in tables)
        return dict(connection.execute(each).fetchall())


def arguments(variables: dict[str, str]) -> dict[str, Any]:
    return {
        "host": variables["PGHOST"],
        "port": variables["PGPORT"],
        "user": variables["PGUSER"],
        "password": variables["PGPASSWORD"],
    }


def wipe(filled: FilledWarehouse) -> None:
    """Drop both databases."""
    with closing(psycopg.connect(dbname="postgres", autocommit=True, **arguments(superuser(filled)))) as connection:
        for database in ("promptsales", "airflow"):
            connection.execute(f"DROP DATABASE {database} WITH (FORCE)")


def compare(filled: FilledWarehouse) -> set[Outcome]:
    """How every mirror compares with its source."""
    return {
        reconcile(pipeline, table, filled.etl, "after a restore", repair=False).outcome
        for pipeline in load_pipelines().values()
        for table in pipeline.tables
    }


@pytest.fixture
def backup(filled: FilledWarehouse, tmp_path: Path) -> Path:
    """A folder with a backup of the warehouse as it is."""
    done = run("backup_postgresql.sh", tmp_path, **superuser(filled))
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_a_wiped_warehouse_comes_back_whole(filled: FilledWarehouse, backup: Path) -> None:
    before = counts(filled)
    assert sum(before.values()) > 10_000
    wipe(filled)
    done = run("restore_postgresql.sh", backup, **superuser(filled))
    assert done.returncode == 0, done.stderr
    assert counts(filled) == before
    assert compare(filled) == {Outcome.equal}
    # Logins, rights and triggers too: the ETL's own login loads what changes next.
    simulate_changes(filled.owner, 100, seed=5)
    filled.cycle()
    assert compare(filled) == {Outcome.equal}


def test_what_changed_after_the_backup_is_loaded_again(filled: FilledWarehouse, backup: Path) -> None:
    simulate_changes(filled.owner, 200, seed=6)
    filled.cycle()
    after = counts(filled)
    wipe(filled)
    assert run("restore_postgresql.sh", backup, **superuser(filled)).returncode == 0
    assert counts(filled) != after
    # Redis still has the later watermarks; the warehouse's own win.
    filled.cycle()
    assert compare(filled) == {Outcome.equal}


def test_a_restore_ends_the_sessions_of_others(filled: FilledWarehouse, backup: Path) -> None:
    with closing(filled.etl.postgres()) as other:
        other.execute("SELECT 1")
        assert run("restore_postgresql.sh", backup, **superuser(filled)).returncode == 0
        with pytest.raises(psycopg.OperationalError):
            other.execute("SELECT 1")


def test_a_damaged_backup_is_refused_and_harms_nothing(filled: FilledWarehouse, backup: Path) -> None:
    before = counts(filled)
    (made,) = backup.iterdir()
    dump = made / "promptsales.dump"
    dump.write_bytes(dump.read_bytes()[:-1])
    done = run("restore_postgresql.sh", backup, **superuser(filled))
    assert done.returncode == 1
    assert "is damaged" in done.stderr
    assert counts(filled) == before


def test_a_backup_that_fails_leaves_nothing(filled: FilledWarehouse, tmp_path: Path) -> None:
    done = run("backup_postgresql.sh", tmp_path, **superuser(filled) | {"PGPASSWORD": "wrong"})
    assert done.returncode != 0
    assert list(tmp_path.iterdir()) == []


def test_only_its_owner_reads_a_backup(backup: Path) -> None:
    for path in backup.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def redis_variables(filled: FilledWarehouse) -> dict[str, str]:
    """Where Redis is, as the scripts take it."""
    url = urlsplit(filled.environment()["PROMPTSALES_REDIS_URL"])
    assert url.password is not None
    return {
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(url.port),
        "REDIS_PASSWORD": url.password,
        "REDIS_SERVER": str(Valkey(filled.folder, {}).program),
    }


def contents(client: Redis) -> dict[str, object]:
    """Every key with its value, and whether it expires."""
    readers = {
        "string": client.get,
        "hash": client.hgetall,
        "list": lambda key: client.lrange(key, 0, -1),
        "set": client.smembers,
    }
    return {key: (readers[client.type(key)](key), client.ttl(key) > 0) for key in client.scan_iter()}


def test_a_flushed_redis_comes_back_whole(program: Find, filled: FilledWarehouse, tmp_path: Path) -> None:
    program("redis-cli")
    variables = redis_variables(filled)
    with connect_redis(filled.environment()["PROMPTSALES_REDIS_URL"]) as client:
        client.rpush("queue:jobs:prueba", "primero", "segundo")
        client.set("api:resultados:x:y:z", "con espacios y \x00", ex=3600)
        client.hset("sesion:7", mapping={"usuario": "ana"})
        before = contents(client)
        assert len(before) > 20, "the watermarks and the campaigns' figures are there"
        done = run("backup_redis.sh", tmp_path, **variables)
        assert done.returncode == 0, done.stderr
        client.flushall()
        client.set("later", "than the backup")
        done = run("restore_redis.sh", tmp_path, **variables)
        assert done.returncode == 0, done.stderr
        assert contents(client) == before
        assert 3500 < client.ttl("api:resultados:x:y:z") <= 3600


def test_redis_keeps_its_password_to_itself(program: Find, filled: FilledWarehouse, tmp_path: Path) -> None:
    program("redis-cli")
    variables = redis_variables(filled)
    done = run("backup_redis.sh", tmp_path, **variables)
    assert variables["REDIS_PASSWORD"] not in done.stdout + done.stderr
    done = run("restore_redis.sh", tmp_path, **variables)
    assert variables["REDIS_PASSWORD"] not in done.stdout + done.stderr
    assert run("backup_redis.sh", tmp_path, **variables | {"REDIS_PASSWORD": "wrong"}).returncode != 0


def test_mongodb_comes_back_whole(program: Find, tmp_path: Path) -> None:
    program("mongodump")
    program("mongorestore")
    url = os.environ.get("TEST_MONGODB_URL")
    if not url:
        pytest.skip("needs a MongoDB with logins: TEST_MONGODB_URL names one and its administrator")
    parts = urlsplit(url)
    assert parts.username is not None
    assert parts.password is not None
    variables = {
        "MONGO_HOST": str(parts.hostname),
        "MONGO_PORT": str(parts.port or 27017),
        "MONGO_USER": parts.username,
        "MONGO_PASSWORD": parts.password,
    }
    with MongoClient[dict[str, object]](url) as client:
        collection = client["promptcontent"]["respaldo_de_prueba"]
        collection.drop()
        collection.insert_many([{"_id": number, "texto": "ñ" * number} for number in range(500)])
        before = list(collection.find().sort("_id"))
        done = run("backup_mongodb.sh", tmp_path, **variables)
        assert done.returncode == 0, done.stderr
        collection.delete_many({"_id": {"$gt": 10}})
        done = run("restore_mongodb.sh", tmp_path, **variables)
        assert done.returncode == 0, done.stderr
        assert list(collection.find().sort("_id")) == before
        collection.drop()


def made(folder: Path, days: int) -> Path:
    """A backup so many days old."""
    time = datetime.now(UTC) - timedelta(days=days)
    old = folder / f"prueba_{time:%Y%m%dT%H%M%SZ}"
    old.mkdir()
    (old / "SHA256SUMS").touch()
    return old


def back_up(folder: Path, kind: str = "prueba") -> None:
    """A backup of one small file, with what the scripts share."""
    script = f'. "{SCRIPTS}/common.sh"; begin {kind}; echo data > "$draft/file"; finish'
    done = subprocess.run(
        ["sh", "-c", script],
        env={**os.environ, "BACKUP_FOLDER": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(folder) in done.stdout


def test_backups_are_kept_thirty_days(tmp_path: Path) -> None:
    gone, kept, other = made(tmp_path, 31), made(tmp_path, 29), tmp_path / "otra_20200101T000000Z"
    other.mkdir()
    back_up(tmp_path)
    assert not gone.exists()
    assert kept.exists()
    assert other.exists(), "another kind's are its own to drop"
    assert len(list(tmp_path.glob("prueba_*"))) == 2


def test_the_newest_backup_stays_however_old_it_is(tmp_path: Path) -> None:
    oldest, newest = made(tmp_path, 90), made(tmp_path, 60)
    script = f'. "{SCRIPTS}/common.sh"; expire prueba'
    subprocess.run(["sh", "-c", script], env={**os.environ, "BACKUP_FOLDER": str(tmp_path)}, check=True)
    assert not oldest.exists()
    assert newest.exists()


def test_where_there_is_no_backup_a_restore_says_so(tmp_path: Path) -> None:
    done = run("restore_mongodb.sh", tmp_path, MONGO_PASSWORD="")
    assert done.returncode == 1
    assert "no backup of mongodb" in done.stderr
