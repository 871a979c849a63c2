"""Encrypted credentials in MongoDB: kept, replaced, and rotated to another certificate."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from content_stores import content_database, credential_store, emptied
from pydantic import SecretStr
from pymongo.database import Database
from typer.testing import CliRunner

from certificate_folders import PASSPHRASE, certificate_folder
from promptsales.cli import app
from promptsales.security.certificates import CertificateError, CertificateName
from promptsales.security.credentials import (
    CredentialError,
    CredentialStore,
    CredentialSummary,
    CredentialType,
    Rotation,
)
from promptsales.security.envelope import EnvelopeError
from promptsales.settings import Settings

SECRET = SecretStr("valor-plantado-9f3")
COLLECTION = "credenciales_cifradas"
SERVICES = ("Adobe", "Canva", "HubSpot", "TikTok")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CertificateName, CertificateName]:
    """A folder with two certificates, the second one active."""
    folder = tmp_path_factory.mktemp("credentials") / "certificates"
    made = certificate_folder(folder)
    return folder, made.create("Primero", 30, PASSPHRASE), made.create("Segundo", 30, PASSPHRASE)


@pytest.fixture
def folder(two: tuple[Path, CertificateName, CertificateName], tmp_path: Path) -> Path:
    """A copy with the first certificate active."""
    copy = Path(shutil.copytree(two[0], tmp_path / "certificates"))
    (copy / "active").write_text(two[1].fingerprint)
    return copy


@pytest.fixture(scope="module")
def module_database(engines: Settings) -> Iterator[Database[dict[str, Any]]]:
    with content_database(engines, "prueba_credenciales") as database:
        yield database


@pytest.fixture
def database(module_database: Database[dict[str, Any]]) -> Database[dict[str, Any]]:
    return emptied(module_database)


@pytest.fixture
def store(database: Database[dict[str, Any]], folder: Path) -> CredentialStore:
    store = credential_store(database, folder)
    for service in SERVICES:
        store.put(service, CredentialType.API_KEY, SecretStr(f"{SECRET.get_secret_value()}-{service}"))
    return store


def certificates_in_use(database: Database[dict[str, Any]]) -> dict[str, str]:
    return {document["servicio_referencia"]: document["certificado_id"] for document in database[COLLECTION].find()}


def activate(folder: Path, certificate: CertificateName) -> None:
    (folder / "active").write_text(certificate.fingerprint)


def value_of(store: CredentialStore, service: str) -> str:
    credential = store.get(service, CredentialType.API_KEY)
    assert credential
    return credential.value.get_secret_value()


def test_a_credential_comes_back_and_only_an_envelope_is_stored(
    store: CredentialStore, database: Database[dict[str, Any]]
) -> None:
    assert value_of(store, "Canva") == f"{SECRET.get_secret_value()}-Canva"
    assert store.get("Canva", CredentialType.OAUTH2_CLIENT) is None
    for document in database[COLLECTION].find():
        assert SECRET.get_secret_value() not in str(document)
        assert document["certificado_sujeto"] == "CN=Primero"


def test_a_credential_is_replaced_only_if_nobody_was_faster(store: CredentialStore) -> None:
    seen = store.get("Canva", CredentialType.API_KEY)
    assert seen
    assert store.replace(seen, SecretStr("el primero en llegar"))
    assert not store.replace(seen, SecretStr("el segundo"))
    assert not store.insert("Canva", CredentialType.API_KEY, SecretStr("otro"))
    assert value_of(store, "Canva") == "el primero en llegar"


def test_an_envelope_moved_to_another_service_does_not_open(
    store: CredentialStore, database: Database[dict[str, Any]]
) -> None:
    stolen = database[COLLECTION].find_one({"servicio_referencia": "Canva"})
    assert stolen
    database[COLLECTION].update_one(
        {"servicio_referencia": "TikTok"}, {"$set": {"valor_cifrado": stolen["valor_cifrado"]}}
    )
    with pytest.raises(EnvelopeError, match="another place"):
        store.get("TikTok", CredentialType.API_KEY)


def test_rotation_moves_everything_and_twice_changes_nothing(
    store: CredentialStore,
    database: Database[dict[str, Any]],
    folder: Path,
    two: tuple[Path, CertificateName, CertificateName],
) -> None:
    activate(folder, two[2])

    assert store.rotate() == Rotation(rotated=4, already=0)
    after = list(database[COLLECTION].find())
    assert store.rotate() == Rotation(rotated=0, already=4)

    assert list(database[COLLECTION].find()) == after
    assert set(certificates_in_use(database).values()) == {two[2].fingerprint}
    (folder / f"{two[1].fingerprint}.key").unlink()
    assert value_of(credential_store(database, folder), "Canva") == f"{SECRET.get_secret_value()}-Canva"


@pytest.mark.parametrize("killed_after", [1, 2, 3])
def test_a_rotation_that_was_killed_is_finished_by_the_next(
    store: CredentialStore,
    database: Database[dict[str, Any]],
    folder: Path,
    two: tuple[Path, CertificateName, CertificateName],
    killed_after: int,
) -> None:
    activate(folder, two[2])
    done: list[str] = []

    def kill(summary: CredentialSummary) -> None:
        done.append(summary.service)
        if len(done) == killed_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.rotate(kill)
    in_between = certificates_in_use(database)
    assert list(in_between.values()).count(two[2].fingerprint) == killed_after
    for service in SERVICES:
        assert value_of(store, service).endswith(service)

    assert store.rotate() == Rotation(rotated=4 - killed_after, already=killed_after)
    assert set(certificates_in_use(database).values()) == {two[2].fingerprint}


def test_a_value_stored_during_a_rotation_is_not_overwritten(
    store: CredentialStore,
    database: Database[dict[str, Any]],
    folder: Path,
    two: tuple[Path, CertificateName, CertificateName],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    activate(folder, two[2])
    opened = store._opened

    def someone_is_faster(document: dict[str, Any]) -> Any:
        credential = opened(document)
        monkeypatch.setattr(store, "_opened", opened)
        credential_store(database, folder).put(credential.service, credential.type, SecretStr("nuevo valor"))
        return credential

    monkeypatch.setattr(store, "_opened", someone_is_faster)
    assert store.rotate().rotated == 3
    assert value_of(store, "Adobe") == "nuevo valor"


def test_what_cannot_be_opened_is_named_and_the_rest_is_rotated(
    store: CredentialStore,
    database: Database[dict[str, Any]],
    folder: Path,
    two: tuple[Path, CertificateName, CertificateName],
) -> None:
    activate(folder, two[2])
    store.put("Canva", CredentialType.API_KEY, SECRET)
    (folder / f"{two[1].fingerprint}.key").unlink()
    fresh = credential_store(database, folder)

    with pytest.raises(CredentialError, match=rf"3 of the credentials.*CN=Primero.*{two[1].fingerprint}"):
        fresh.rotate()
    with pytest.raises(CertificateError, match="missing"):
        fresh.get("Adobe", CredentialType.API_KEY)
    assert value_of(fresh, "Canva") == SECRET.get_secret_value()


def test_the_commands_make_store_list_and_rotate_without_showing_a_value(
    engines: Settings,
    database: Database[dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = engines.url("mongo").replace("/promptcontent", f"/{database.name}")
    monkeypatch.setenv("PROMPTSALES_MONGO_ADMIN_URL", url)
    monkeypatch.setenv("PROMPTSALES_CERTIFICATE_DIR", str(tmp_path / "certificates"))
    monkeypatch.setenv("PROMPTSALES_CERTIFICATE_PASSPHRASE", PASSPHRASE.get_secret_value())
    printed = ""

    def run(*arguments: str, given: str = "") -> str:
        result = CliRunner().invoke(app, ["credentials", *arguments], input=given)
        assert result.exit_code == 0, result.output
        return result.output

    printed += run("certificate", "create", "--name", "Uno")
    printed += run("set", "Canva", "api_key", given=SECRET.get_secret_value())
    printed += run("list")
    printed += run("certificate", "create", "--name", "Dos")
    rotated = run("rotate")
    printed += rotated + run("certificate", "list")

    assert "Canva" in printed
    assert "CN=Uno" in printed
    assert "1 rotated, 0 already" in rotated
    assert SECRET.get_secret_value() not in printed
    assert PASSPHRASE.get_secret_value() not in printed
