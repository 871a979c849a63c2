"""Each environment variable that is set somewhere is read somewhere, and each that is read is documented and set."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from airflow_options import described
from compose_file import STANDIN_KEY, VARIABLE, ours, services, settings_of, settings_read, text, write_env

from promptsales.airflow_connections import CONNECTIONS, PINECONE, airflow_connections
from promptsales.paths import DATABASE_DIR, PROJECT_ROOT
from promptsales.settings import Settings

READ = {str(field.alias) for field in Settings.model_fields.values()}
"""What the platform's code reads, all of it in one place."""

OPTIONAL = {"AIRFLOW_PORT", "AIRFLOW_ADMIN_USER", "SQLSERVER_EDITION", "DEADLOCK_RUN", "DEADLOCK_SERVER"}
"""What .env may have for docker-compose.yml besides the settings."""

AIRFLOW_ENTRYPOINT = {
    "_AIRFLOW_DB_MIGRATE",
    "_AIRFLOW_WWW_USER_CREATE",
    "_AIRFLOW_WWW_USER_USERNAME",
    "_AIRFLOW_WWW_USER_PASSWORD",
}
"""What the entrypoint of Airflow's official image reads."""

BESIDES = {
    "crm-certificate": {"CRM_CERT_FILE", "CRM_CERT_KEY_FILE", "CRM_CERT_KEY_PASSWORD"},
    "pinecone": {STANDIN_KEY},
}
"""What services of ours read besides the settings."""

ADMINISTRATORS = {"ADS_SA_PASSWORD", "CRM_SA_PASSWORD"}


def environment(service: str) -> set[str]:
    return set(services()[service]["environment"])


def test_the_example_documents_every_setting_and_nothing_else() -> None:
    example = (PROJECT_ROOT / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE)) == READ


def test_the_services_set_every_setting_and_nothing_else() -> None:
    assert {name for service in services().values() if ours(service) for name in settings_of(service)} == READ


@pytest.mark.parametrize("name", [name for name, service in services().items() if ours(service)])
def test_a_service_of_ours_sets_nothing_that_nobody_reads(name: str) -> None:
    rest = environment(name) - READ - AIRFLOW_ENTRYPOINT - airflow_options()
    assert rest == BESIDES.get(name, set())


def airflow_options() -> set[str]:
    """Every option of Airflow, and of the provider that signs users in, as a variable."""
    return {
        f"AIRFLOW__{section.upper()}__{option.upper()}"
        for section, description in described().items()
        for option in description["options"]
    }


def test_the_env_file_holds_what_compose_needs_and_nothing_else() -> None:
    needed = {match["name"] for match in VARIABLE.finditer(text()) if match["operator"] == ":?"}
    assert needed == set(write_env.VARIABLES)
    allowed = {match["name"] for match in VARIABLE.finditer(text()) if match["operator"] != ":?"}
    assert allowed <= READ | OPTIONAL
    assert allowed >= OPTIONAL


def test_the_env_file_sets_nothing_for_the_command_line_beside_it() -> None:
    assert not set(write_env.VARIABLES) & READ


def test_the_env_file_is_random_and_stays(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    write_env.main(path)
    first = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(SystemExit, match="stays as it is"):
        write_env.main(path)
    assert path.read_text() == first
    values = [line.partition("=")[2] for line in first.splitlines() if not line.startswith("#")]
    secrets = [value for value in values if value]
    assert len(set(secrets)) == len(secrets) == len(write_env.VARIABLES) - 1
    assert min(map(len, secrets)) >= 27
    assert write_env.environment() != write_env.environment()


def test_the_warehouse_gets_the_passwords_that_its_logins_take() -> None:
    logins = (DATABASE_DIR / "postgresql" / "security" / "010_logins.sql").read_text(encoding="utf-8")
    taken = set(re.findall(r"^\\getenv \w+ (\w+)$", logins, re.MULTILINE))
    assert environment("postgresql") == taken | {"POSTGRES_PASSWORD", "POSTGRES_INITDB_ARGS"}


def test_mongodb_gets_the_passwords_that_its_logins_take() -> None:
    roles = (DATABASE_DIR / "mongodb" / "security" / "roles.js").read_text(encoding="utf-8")
    taken = set(re.findall(r"process\.env\.(\w+)", roles))
    image = {"MONGO_INITDB_ROOT_USERNAME", "MONGO_INITDB_ROOT_PASSWORD", "MONGO_INITDB_DATABASE"}
    assert environment("mongodb") == taken | image | {"MONGO_REPLICA_KEY"}


def test_sql_server_gets_the_variables_of_the_files_that_are_run() -> None:
    script = (PROJECT_ROOT / "deployment" / "sqlserver" / "install.sh").read_text(encoding="utf-8")
    files = [path for path in DATABASE_DIR.glob("sqlserver_*/security/*.sql") if re.search(rf"\b{path.stem}\b", script)]
    assert {path.parent.parent.name for path in files} == {"sqlserver_ads", "sqlserver_crm"}
    named = {name for path in files for name in re.findall(r"\$\((\w+)\)", path.read_text(encoding="utf-8"))}
    # The script names the copy of the keys after the hour.
    named.remove("CRM_BACKUP_NAME")
    assert environment("database-logins") == named | ADMINISTRATORS | {"ADS_SERVER", "CRM_SERVER"}
    create = (PROJECT_ROOT / "deployment" / "sqlserver" / "create_database.sql").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\((\w+)\)", create)) == {"DATABASE", "OWNER_PASSWORD"}
    owners = {"ADS_OWNER_PASSWORD", "CRM_OWNER_PASSWORD"}
    assert environment("sqlserver-databases") == owners | ADMINISTRATORS | {"ADS_SERVER", "CRM_SERVER"}


def test_the_settings_of_each_service_are_well_formed() -> None:
    for service in services().values():
        if ours(service):
            airflow_connections(settings_read(service))


def test_the_scheduler_runs_tasks_with_every_connection() -> None:
    connections = airflow_connections(settings_read(services()["airflow-scheduler"]))
    ids = {connection_id for connection_id, *_ in CONNECTIONS.values()} | {PINECONE}
    assert set(connections) == {f"AIRFLOW_CONN_{connection_id.upper()}" for connection_id in ids}


def test_the_page_of_the_warehouse_is_connected_where_it_is_served() -> None:
    connections = airflow_connections(settings_read(services()["airflow-api-server"]))
    assert set(connections) == {"AIRFLOW_CONN_PROMPTSALES_POSTGRES"}
