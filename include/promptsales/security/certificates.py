"""X.509 certificates for enveloping credentials: made here, kept in a folder outside the repository.

The folder holds `<fingerprint>.crt` (public), `<fingerprint>.key` (PKCS#8 under a passphrase, mode 0600) and `active`,
the fingerprint of the certificate that new envelopes are made for. Whoever only writes credentials needs no `.key`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from promptsales.errors import PromptSalesError

KEY_BITS = 3072
"""128 bits of security: NIST SP 800-57 part 1, table 2."""

MINIMUM_PASSPHRASE = 12
"""Characters."""

_ACTIVE = "active"


class CertificateError(PromptSalesError):
    """A certificate or its private key is missing, expired, or cannot be opened or made."""


@dataclass(frozen=True)
class CertificateName:
    """How a certificate is told from others.

    Attributes:
        fingerprint: SHA-256 of its DER form, hexadecimal; the key id in `credenciales_cifradas`.
        subject: its distinguished name, RFC 4514.
        serial: hexadecimal.
    """

    fingerprint: str
    subject: str
    serial: str

    def __str__(self) -> str:
        return f"{self.subject} (serial {self.serial}, SHA-256 {self.fingerprint})"


Passphrase = Callable[[CertificateName], SecretStr]
"""Asked for the passphrase of one private key, when that key is first needed."""


class CertificateFolder:
    """The certificates of one folder; private keys are opened once a process and only on demand."""

    def __init__(self, folder: Path, passphrase: Passphrase) -> None:
        self._folder = folder
        self._passphrase = passphrase
        self._opened: dict[str, rsa.RSAPrivateKey] = {}

    def __repr__(self) -> str:
        return f"CertificateFolder({str(self._folder)!r})"

    def active(self) -> x509.Certificate:
        """The certificate that new envelopes are made for.

        Raises:
            CertificateError: there is none yet, or it has expired.
        """
        try:
            fingerprint = (self._folder / _ACTIVE).read_text(encoding="ascii").strip()
        except FileNotFoundError:
            raise CertificateError(
                f"{self._folder} has no active certificate: make one with `promptsales credentials certificate "
                "create`, or set PROMPTSALES_CERTIFICATE_DIR."
            ) from None
        certificate = self.certificate(fingerprint)
        if certificate.not_valid_after_utc < datetime.now(UTC):
            raise CertificateError(
                f"Certificate {name_of(certificate)} expired on {certificate.not_valid_after_utc:%Y-%m-%d}: make a new "
                "one with `promptsales credentials certificate create`, then run `promptsales credentials rotate`."
            )
        return certificate

    def certificate(self, fingerprint: str) -> x509.Certificate:
        """The public certificate with that SHA-256 fingerprint.

        Raises:
            CertificateError: it is not in the folder, or its file is not that certificate.
        """
        path = self._folder / f"{fingerprint}.crt"
        try:
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
        except FileNotFoundError:
            raise CertificateError(f"{self._folder} has no certificate with SHA-256 {fingerprint}.") from None
        except ValueError:
            raise CertificateError(f"{path} is not a PEM certificate.") from None
        if name_of(certificate).fingerprint != fingerprint:
            raise CertificateError(f"{path} holds another certificate: {name_of(certificate)}.")
        return certificate

    def all(self) -> list[x509.Certificate]:
        """Every certificate of the folder, by fingerprint."""
        return [self.certificate(path.stem) for path in sorted(self._folder.glob("*.crt"))]

    def private_key(self, name: CertificateName) -> rsa.RSAPrivateKey:
        """The private key of a certificate.

        Raises:
            CertificateError: naming the certificate: its key is not here, or the passphrase does not open it.
        """
        if name.fingerprint not in self._opened:
            self._opened[name.fingerprint] = self._open(name)
        return self._opened[name.fingerprint]

    def _open(self, name: CertificateName) -> rsa.RSAPrivateKey:
        path = self._folder / f"{name.fingerprint}.key"
        if not path.exists():
            raise CertificateError(
                f"The private key of certificate {name} is missing: without {path} nothing that is encrypted for it "
                "can be read. Restore the file from its backup, or set PROMPTSALES_CERTIFICATE_DIR to where it is."
            )
        key = _read_key(path, self._passphrase(name))
        if key is None:
            raise CertificateError(
                f"The passphrase does not open the private key of certificate {name}: check "
                "PROMPTSALES_CERTIFICATE_PASSPHRASE."
            )
        return key

    def create(self, common_name: str, days: int, passphrase: SecretStr) -> CertificateName:
        """Make a self-signed RSA certificate with its key, and make it the active one.

        Args:
            common_name: its subject.
            days: how long new envelopes may be made for it; what is encrypted opens after that too.
            passphrase: of the private key's file.

        Raises:
            CertificateError: the passphrase is too short.
        """
        if len(passphrase.get_secret_value()) < MINIMUM_PASSPHRASE:
            raise CertificateError(f"The passphrase is too short: it needs {MINIMUM_PASSPHRASE} characters or more.")
        key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
        certificate = _self_signed(key, common_name, days)
        name = name_of(certificate)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        encryption = serialization.BestAvailableEncryption(passphrase.get_secret_value().encode())
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
        # The key first: a certificate that is there can always be rotated to.
        _write_new(self._folder / f"{name.fingerprint}.key", pem, 0o600)
        public = certificate.public_bytes(serialization.Encoding.PEM)
        _write_new(self._folder / f"{name.fingerprint}.crt", public, 0o644)
        pointer = self._folder / f".{_ACTIVE}.{name.fingerprint}"
        _write_new(pointer, name.fingerprint.encode(), 0o644)
        pointer.replace(self._folder / _ACTIVE)
        return name


def name_of(certificate: x509.Certificate) -> CertificateName:
    """Fingerprint, subject and serial of a certificate."""
    return CertificateName(
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        subject=certificate.subject.rfc4514_string(),
        serial=f"{certificate.serial_number:x}",
    )


def _read_key(path: Path, passphrase: SecretStr) -> rsa.RSAPrivateKey | None:
    """None where the passphrase does not open it: outside the handler, so that no error carries OpenSSL's own."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), passphrase.get_secret_value().encode())
    except (ValueError, TypeError):
        return None
    return key if isinstance(key, rsa.RSAPrivateKey) else None


def _self_signed(key: rsa.RSAPrivateKey, common_name: str, days: int) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=True,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _write_new(path: Path, content: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
