"""A folder of certificates for tests: making keys is slow, so it is made once and copied."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from promptsales.security.certificates import CertificateFolder, CertificateName

PASSPHRASE = SecretStr("frase-de-paso-plantada")


def certificate_folder(folder: Path, passphrase: SecretStr = PASSPHRASE) -> CertificateFolder:
    """The folder with one passphrase for every key."""

    def given(name: CertificateName) -> SecretStr:
        return passphrase

    return CertificateFolder(folder, given)
