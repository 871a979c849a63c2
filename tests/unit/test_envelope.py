"""Certificates and envelopes: what only a private key opens."""

from __future__ import annotations

import shutil
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from certificate_folders import PASSPHRASE, certificate_folder
from promptsales.security.certificates import CertificateError, CertificateName, name_of
from promptsales.security.envelope import Envelope, EnvelopeError

SECRET = SecretStr("valor-plantado")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CertificateName]:
    folder = tmp_path_factory.mktemp("certificates") / "made"
    return folder, certificate_folder(folder).create("Prueba", 30, PASSPHRASE)


@pytest.fixture
def folder(made: tuple[Path, CertificateName], tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(made[0], tmp_path / "certificates"))


def test_what_is_sealed_opens_again_and_twice_sealed_differs(folder: Path) -> None:
    envelope = Envelope(certificate_folder(folder))
    one, other = envelope.seal("aqui", SECRET), envelope.seal("aqui", SECRET)

    assert one.content != other.content
    assert SECRET.get_secret_value().encode() not in one.content
    assert envelope.open("aqui", one) == envelope.open("aqui", other) == SECRET


def test_the_key_file_is_private_and_encrypted(folder: Path) -> None:
    (key,) = folder.glob("*.key")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert b"ENCRYPTED PRIVATE KEY" in key.read_bytes()
    assert PASSPHRASE.get_secret_value().encode() not in key.read_bytes()


def test_the_certificate_is_rsa_3072_for_key_encipherment(folder: Path) -> None:
    certificate = certificate_folder(folder).active()
    assert certificate.public_key().key_size == 3072  # type: ignore[union-attr]
    assert name_of(certificate).subject == "CN=Prueba"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command")
def test_the_envelope_is_cms_with_aes_256(folder: Path, tmp_path: Path) -> None:
    sealed = tmp_path / "sealed.der"
    sealed.write_bytes(Envelope(certificate_folder(folder)).seal("aqui", SECRET).content)
    command = ["openssl", "cms", "-cmsout", "-print", "-inform", "DER", "-in", str(sealed)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    assert "envelopedData" in printed
    assert "aes-256-cbc" in printed


def test_without_the_private_key_nothing_opens_and_the_error_names_the_certificate(
    folder: Path, made: tuple[Path, CertificateName]
) -> None:
    sealed = Envelope(certificate_folder(folder)).seal("aqui", SECRET)
    shutil.rmtree(folder)

    with pytest.raises(CertificateError) as failure:
        Envelope(certificate_folder(folder)).open("aqui", sealed)

    for part in ("CN=Prueba", made[1].serial, made[1].fingerprint, "missing"):
        assert part in str(failure.value)


def test_a_wrong_passphrase_says_so_without_showing_any(folder: Path) -> None:
    sealed = Envelope(certificate_folder(folder)).seal("aqui", SECRET)

    with pytest.raises(CertificateError, match=r"CN=Prueba.*PROMPTSALES_CERTIFICATE_PASSPHRASE") as failure:
        Envelope(certificate_folder(folder, SecretStr("otra-frase-distinta"))).open("aqui", sealed)

    assert "otra-frase" not in str(failure.value)
    assert failure.value.__context__ is None


def test_a_damaged_or_moved_envelope_does_not_open(folder: Path) -> None:
    envelope = Envelope(certificate_folder(folder))
    sealed = envelope.seal("aqui", SECRET)
    damaged = replace(sealed, content=sealed.content[:-8] + bytes(8))

    with pytest.raises(EnvelopeError, match="damaged") as failure:
        envelope.open("aqui", damaged)
    assert failure.value.__context__ is None
    with pytest.raises(EnvelopeError, match="another place"):
        envelope.open("alla", sealed)


def test_no_certificate_yet_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match="certificate create"):
        Envelope(certificate_folder(tmp_path)).seal("aqui", SECRET)


def test_a_short_passphrase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match="too short"):
        certificate_folder(tmp_path).create("Prueba", 30, SecretStr("corta"))
    assert list(tmp_path.iterdir()) == []
