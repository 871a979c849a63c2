"""`promptsales credentials`: certificates, and the encrypted credentials of outside services."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from pydantic import SecretStr
from pymongo.database import Database
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from promptsales.content.database import open_content
from promptsales.security.certificates import CertificateFolder, CertificateName, name_of
from promptsales.security.credentials import CredentialError, CredentialStore, CredentialSummary, CredentialType
from promptsales.security.envelope import Envelope
from promptsales.settings import Settings

app = typer.Typer(help="Encrypted credentials of outside services.", no_args_is_help=True)
certificate = typer.Typer(help="X.509 certificates that credentials are encrypted for.", no_args_is_help=True)
app.add_typer(certificate, name="certificate")
console = Console(highlight=False, soft_wrap=True)


def certificate_folder(settings: Settings) -> CertificateFolder:
    """The folder of the settings; a passphrase comes from the environment or, at a terminal, from a prompt."""

    def passphrase(name: CertificateName) -> SecretStr:
        if settings.certificate_passphrase is not None:
            return settings.certificate_passphrase
        if not sys.stdin.isatty():
            raise CredentialError(
                f"The private key of certificate {name} needs its passphrase: set PROMPTSALES_CERTIFICATE_PASSPHRASE."
            )
        return SecretStr(typer.prompt(f"Passphrase of {name.subject} ({name.fingerprint[:16]})", hide_input=True))

    return CertificateFolder(settings.certificate_dir, passphrase)


def credential_store(settings: Settings, database: Database[dict[str, Any]]) -> CredentialStore:
    """The credentials in that database, under the certificates of the settings."""
    return CredentialStore(database, Envelope(certificate_folder(settings)))


@certificate.command("create")
def create_certificate(
    name: Annotated[str, typer.Option(help="common name of the certificate")] = "PromptContent",
    days: Annotated[int, typer.Option(min=1, max=3650, help="how long new credentials may be encrypted for it")] = 730,
) -> None:
    """Make a certificate with its private key, and encrypt new credentials for it from now on."""
    settings = Settings()
    passphrase = settings.certificate_passphrase or _prompted("Passphrase for the new private key", confirm=True)
    made = certificate_folder(settings).create(name, days, passphrase)
    console.print(f"[green]✓[/green] {escape(str(made))} is in {escape(str(settings.certificate_dir))} and active.")
    console.print(
        "Keep a backup of its .key file and passphrase apart from the database. Then: promptsales credentials rotate"
    )


@certificate.command("list")
def list_certificates() -> None:
    """The certificates, and until when new credentials may be encrypted for each."""
    table = Table("subject", "serial", "SHA-256", "valid until", box=None, pad_edge=False)
    for found in certificate_folder(Settings()).all():
        name = name_of(found)
        table.add_row(
            escape(name.subject), name.serial[:16], name.fingerprint[:16], f"{found.not_valid_after_utc:%Y-%m-%d}"
        )
    console.print(table)


@app.command("set")
def set_credential(
    service: Annotated[str, typer.Argument(help="name of the service, e.g. Canva")],
    type_: Annotated[CredentialType, typer.Argument(metavar="TYPE", help="|".join(CredentialType))],
) -> None:
    """Store a credential. Its value comes from a prompt or from standard input, never from an argument."""
    settings = Settings()
    value = _prompted("Value") if sys.stdin.isatty() else SecretStr(sys.stdin.read().strip())
    if not value.get_secret_value():
        raise CredentialError(f"The value of {service} {type_} is empty: nothing is stored.")
    with open_content(settings) as database:
        credential_store(settings, database).put(service, type_, value)
    console.print(f"[green]✓[/green] {escape(service)} {type_} is stored.")


@app.command("list")
def list_credentials() -> None:
    """Which credentials there are, for which certificate, and when each was last encrypted. No values."""
    settings = Settings()
    with open_content(settings) as database:
        summaries = credential_store(settings, database).summaries()
    table = Table("service", "type", "certificate", "encrypted on", box=None, pad_edge=False)
    for found in summaries:
        table.add_row(
            escape(found.service), found.type, found.certificate.fingerprint[:16], f"{found.rotated_at:%Y-%m-%d}"
        )
    console.print(table)


@app.command()
def rotate() -> None:
    """Encrypt every credential for the active certificate. Run it again if it was interrupted."""
    settings = Settings()
    with open_content(settings) as database, Progress(console=console, transient=True) as progress:
        store = credential_store(settings, database)
        bar = progress.add_task("rotating", total=len(store.summaries()))

        def done(summary: CredentialSummary) -> None:
            progress.update(bar, advance=1, description=f"{summary.service} {summary.type}")

        rotation = store.rotate(done)
    console.print(
        f"[green]✓[/green] {rotation.rotated} rotated, {rotation.already} already under the active certificate."
    )


def _prompted(label: str, *, confirm: bool = False) -> SecretStr:
    return SecretStr(typer.prompt(label, hide_input=True, confirmation_prompt=confirm))
