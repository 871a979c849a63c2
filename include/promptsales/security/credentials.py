"""The credentials of outside services: `credenciales_cifradas`, whose values only a private key opens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from bson import Binary, ObjectId
from pydantic import SecretStr
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from promptsales.errors import PromptSalesError
from promptsales.security.certificates import CertificateError, CertificateName
from promptsales.security.envelope import ALGORITHM, Envelope, EnvelopeError, Sealed

COLLECTION = "credenciales_cifradas"


class CredentialError(PromptSalesError):
    """A credential is missing, malformed, or could not be rotated."""


class CredentialType(StrEnum):
    """What a credential's value is; `tipo_credencial`."""

    API_KEY = "api_key"
    OAUTH2_CLIENT = "oauth2_cliente"
    OAUTH2_TOKEN = "oauth2_token"
    USER_PASSWORD = "usuario_clave"
    CERTIFICATE = "certificado"


@dataclass(frozen=True)
class Credential:
    """One opened credential.

    Attributes:
        service: `servicios_terceros.nombre_servicio`.
        type: what its value is.
        value: the secret itself.
        sealed: the envelope it came out of, for `CredentialStore.replace`.
    """

    service: str
    type: CredentialType
    value: SecretStr
    sealed: bytes = field(repr=False)


@dataclass(frozen=True)
class CredentialSummary:
    """What may be shown of a credential."""

    service: str
    type: CredentialType
    certificate: CertificateName
    rotated_at: datetime


@dataclass(frozen=True)
class Rotation:
    """What a rotation did.

    Attributes:
        rotated: envelopes made anew.
        already: envelopes that were for the active certificate before.
    """

    rotated: int
    already: int


class CredentialStore:
    """Reads and writes credentials. The collection never holds, and this never logs, an open value."""

    def __init__(
        self,
        database: Database[dict[str, Any]],
        envelope: Envelope,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._collection: Collection[dict[str, Any]] = database[COLLECTION]
        self._envelope = envelope
        self._now = now

    def put(self, service: str, type_: CredentialType, value: SecretStr) -> None:
        """Store a credential in place of whatever was there.

        Raises:
            CertificateError: there is no certificate to encrypt for.
        """
        self._collection.update_one(
            {"servicio_referencia": service, "tipo_credencial": type_},
            {"$set": self._enveloped(service, type_, value)},
            upsert=True,
        )

    def get(self, service: str, type_: CredentialType) -> Credential | None:
        """A credential, or None where the service has none of that type.

        Raises:
            CertificateError: the private key is not here; the text names the certificate.
            EnvelopeError: its envelope is damaged or misplaced.
        """
        document = self._collection.find_one({"servicio_referencia": service, "tipo_credencial": type_})
        return self._opened(document) if document else None

    def replace(self, previous: Credential, value: SecretStr) -> bool:
        """Store a new value, unless someone has changed the credential since `previous` was read.

        Returns:
            Whether it was stored.
        """
        return self._compare_and_set(previous, value)

    def insert(self, service: str, type_: CredentialType, value: SecretStr) -> bool:
        """Store a credential where there is none; False where there is one already."""
        keys = {"servicio_referencia": service, "tipo_credencial": type_}
        try:
            self._collection.insert_one({**keys, **self._enveloped(service, type_, value)})
        except DuplicateKeyError:
            return False
        return True

    def summaries(self) -> list[CredentialSummary]:
        """Every credential without its value, by service and type. Needs no private key."""
        found = self._collection.find({}, {"valor_cifrado": 0})
        return [
            CredentialSummary(
                service=document["servicio_referencia"],
                type=CredentialType(document["tipo_credencial"]),
                certificate=_certificate(document),
                rotated_at=document["ultima_rotacion"],
            )
            for document in found.sort([("servicio_referencia", 1), ("tipo_credencial", 1)])
        ]

    def rotate(self, done: Callable[[CredentialSummary], None] = lambda summary: None) -> Rotation:
        """Envelope every credential for the active certificate.

        Each credential is one compare-and-set, and those already done are skipped: a rotation that was killed is
        finished by another one. Whoever stores a new value meanwhile wins, and seals for the active certificate too.

        Args:
            done: called after each.

        Raises:
            CredentialError: some could not be opened. The others are rotated; the text says what is missing.
        """
        active = self._envelope.active().fingerprint
        already = self._collection.count_documents({"certificado_id": active})
        rotated = 0
        failures: dict[ObjectId, str] = {}
        query: dict[str, Any] = {"certificado_id": {"$ne": active}}
        while document := self._collection.find_one({**query, "_id": {"$nin": list(failures)}}, sort=[("_id", 1)]):
            try:
                credential = self._opened(document)
            except (CertificateError, EnvelopeError) as error:
                failures[document["_id"]] = str(error)
                continue
            # Lost only to a newer value, which the next round looks at.
            if self._compare_and_set(credential, credential.value):
                rotated += 1
                certificate = self._envelope.active()
                done(CredentialSummary(credential.service, credential.type, certificate, self._now()))
        if failures:
            raise CredentialError(
                f"{len(failures)} of the credentials are not rotated, {rotated} are. {next(iter(failures.values()))}"
            )
        return Rotation(rotated, already)

    def _compare_and_set(self, previous: Credential, value: SecretStr) -> bool:
        keys = {"servicio_referencia": previous.service, "tipo_credencial": previous.type}
        result = self._collection.update_one(
            {**keys, "valor_cifrado": Binary(previous.sealed)},
            {"$set": self._enveloped(previous.service, previous.type, value)},
        )
        return result.modified_count == 1

    def _enveloped(self, service: str, type_: CredentialType, value: SecretStr) -> dict[str, Any]:
        sealed = self._envelope.seal(_context(service, type_), value)
        return {
            "valor_cifrado": Binary(sealed.content),
            "algoritmo": ALGORITHM,
            "certificado_id": sealed.certificate.fingerprint,
            "certificado_sujeto": sealed.certificate.subject,
            "certificado_serie": sealed.certificate.serial,
            "ultima_rotacion": self._now(),
        }

    def _opened(self, document: dict[str, Any]) -> Credential:
        service, type_ = document["servicio_referencia"], CredentialType(document["tipo_credencial"])
        sealed = Sealed(bytes(document["valor_cifrado"]), _certificate(document))
        return Credential(service, type_, self._envelope.open(_context(service, type_), sealed), sealed.content)


def _context(service: str, type_: CredentialType) -> str:
    return f"{COLLECTION} {service} {type_}"


def _certificate(document: dict[str, Any]) -> CertificateName:
    return CertificateName(document["certificado_id"], document["certificado_sujeto"], document["certificado_serie"])
