"""`make env`: random passwords for docker-compose.yml, into a .env that only its owner reads. Standard library only."""

from __future__ import annotations

import base64
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ENV_FILE = Path(__file__).resolve().parents[1] / ".env"


def password() -> str:
    """A password that every engine takes: 24 random letters and digits, after what SQL Server's policy asks for.

    Nothing in it has a meaning in a URL, a shell or T-SQL.
    """
    alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"
    return "Aa1" + "".join(secrets.choice(alphabet) for _ in range(24))


def fernet_key() -> str:
    """What Airflow encrypts stored connections with: 32 random bytes in URL-safe Base64."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def hexadecimal() -> str:
    """32 random bytes as 64 hexadecimal digits."""
    return secrets.token_hex(32)


VARIABLES: Mapping[str, Callable[[], str]] = {
    **dict.fromkeys(
        (
            "POSTGRES_PASSWORD",
            "WAREHOUSE_ADMIN_PASSWORD",
            "WAREHOUSE_ETL_PASSWORD",
            "WAREHOUSE_MCP_PASSWORD",
            "WAREHOUSE_SSO_PASSWORD",
            "WAREHOUSE_VERIFIER_PASSWORD",
            "REDIS_PASSWORD",
            "MONGO_ROOT_PASSWORD",
            "MONGO_ADMIN_PASSWORD",
            "MONGO_ETL_PASSWORD",
            "MONGO_CONTENT_PASSWORD",
            "MONGO_MCP_PASSWORD",
            "SQLSERVER_SA_PASSWORD",
            "SQLSERVER_OWNER_PASSWORD",
            "ADS_ETL_PASSWORD",
            "ADS_MCP_PASSWORD",
            "ADS_SEED_PASSWORD",
            "CRM_ETL_PASSWORD",
            "CRM_MCP_PASSWORD",
            "CRM_APP_PASSWORD",
            "CRM_SUPPORT_PASSWORD",
            "CRM_SEED_PASSWORD",
            "CRM_MASTER_KEY_PASSWORD",
            "CRM_CERT_KEY_PASSWORD",
            "PINECONE_STANDIN_KEY",
            "CRM_KEY_SOURCE",
            "CRM_KEY_IDENTITY",
            "CRM_BACKUP_PASSWORD",
            "AIRFLOW_DATABASE_PASSWORD",
            "AIRFLOW_ADMIN_PASSWORD",
            "CERTIFICATE_PASSPHRASE",
        ),
        password,
    ),
    **dict.fromkeys(("MONGO_REPLICA_KEY", "CRM_HASH_KEY", "AIRFLOW_SECRET_KEY", "AIRFLOW_JWT_SECRET"), hexadecimal),
    "AIRFLOW_FERNET_KEY": fernet_key,
    # Left for a person to decide.
    "SQLSERVER_ACCEPT_EULA": str,
}
"""What docker-compose.yml does not start without, and how each value is made."""

HEADER = """\
# Made by `make env` for docker-compose.yml. Keep a copy where passwords are kept: the databases know these ones.
# Y accepts the licence of SQL Server, https://go.microsoft.com/fwlink/?linkid=857698. Developer is not for production.
"""


def environment() -> str:
    """The file's text: one line a variable, the one to decide first."""
    values = {name: make() for name, make in VARIABLES.items()}
    lines = [f"{name}={value}" for name, value in sorted(values.items(), key=lambda item: (item[1] != "", item[0]))]
    return HEADER + "\n".join(lines) + "\n"


def main(path: Path = ENV_FILE) -> None:
    """Write the file, unless there is one."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        sys.exit(f"{path} is there and stays as it is: running databases may know its passwords.")
    with os.fdopen(descriptor, "w") as file:
        file.write(environment())
    print(f"{path} is written. Set SQLSERVER_ACCEPT_EULA=Y in it if you accept the licence of SQL Server.")


if __name__ == "__main__":
    main()
