"""Secrets in CMS EnvelopedData (RFC 5652) for an X.509 certificate: only its private key opens them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from pydantic import SecretStr

from promptsales.errors import PromptSalesError
from promptsales.security.certificates import CertificateFolder, CertificateName, name_of

ALGORITHM = "X.509 CMS EnvelopedData, RSA, AES-256-CBC"


class EnvelopeError(PromptSalesError):
    """An envelope is damaged, or was made for another place."""


@dataclass(frozen=True)
class Sealed:
    """An envelope and the certificate it is for."""

    content: bytes
    certificate: CertificateName


class Envelope:
    """Closes and opens envelopes with the certificates of a folder."""

    def __init__(self, certificates: CertificateFolder) -> None:
        self._certificates = certificates

    def seal(self, context: str, secret: SecretStr) -> Sealed:
        """Encrypt for the active certificate.

        Args:
            context: where the envelope belongs. It is sealed in, so that one moved to another place is noticed.
            secret: what to encrypt.

        Raises:
            CertificateError: there is no active certificate, or it has expired.
        """
        certificate = self._certificates.active()
        data = json.dumps({"contexto": context, "valor": secret.get_secret_value()}).encode()
        content = (
            pkcs7.PKCS7EnvelopeBuilder()
            .set_data(data)
            .set_content_encryption_algorithm(algorithms.AES256)
            .add_recipient(certificate)
            .encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])
        )
        return Sealed(content, name_of(certificate))

    def open(self, context: str, sealed: Sealed) -> SecretStr:
        """Decrypt.

        Raises:
            CertificateError: the private key of the envelope's certificate is not here; the text names it.
            EnvelopeError: the envelope is damaged, or was sealed for another context.
        """
        key = self._certificates.private_key(sealed.certificate)
        certificate = self._certificates.certificate(sealed.certificate.fingerprint)
        if (data := _decrypted(sealed.content, certificate, key)) is None:
            raise EnvelopeError(
                f"The envelope of {context} is damaged: certificate {sealed.certificate} does not open it."
            )
        if data.get("contexto") != context:
            raise EnvelopeError(f"The envelope found at {context} was sealed for another place.")
        return SecretStr(data["valor"])

    def active(self) -> CertificateName:
        """The certificate that `seal` would use now."""
        return name_of(self._certificates.active())


def _decrypted(content: bytes, certificate: x509.Certificate, key: rsa.RSAPrivateKey) -> dict[str, str] | None:
    """None for what does not decrypt: outside the handler, so that no error quotes a half-decrypted text."""
    try:
        data = json.loads(pkcs7.pkcs7_decrypt_der(content, certificate, key, []))
    except ValueError:
        return None
    return data if isinstance(data, dict) and isinstance(data.get("valor"), str) else None
