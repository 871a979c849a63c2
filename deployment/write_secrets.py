"""`make k8s-install`: random passwords as Kubernetes Secrets, for `kubectl create --filename -`. Standard library only.

They are created, never changed: running databases know their passwords.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from write_env import fernet_key, hexadecimal, password

PASSWORDS: Mapping[str, Callable[[], str]] = {
    **dict.fromkeys(
        (
            "POSTGRES_PASSWORD",
            "WAREHOUSE_ADMIN_PASSWORD",
            "WAREHOUSE_ETL_PASSWORD",
            "WAREHOUSE_MCP_PASSWORD",
            "WAREHOUSE_SSO_PASSWORD",
            "WAREHOUSE_VERIFIER_PASSWORD",
            "AIRFLOW_DATABASE_PASSWORD",
            "REDIS_PASSWORD",
            "MONGO_ROOT_PASSWORD",
            "MONGO_ADMIN_PASSWORD",
            "MONGO_ETL_PASSWORD",
            "MONGO_CONTENT_PASSWORD",
            "MONGO_MCP_PASSWORD",
            "ADS_SA_PASSWORD",
            "ADS_OWNER_PASSWORD",
            "ADS_ETL_PASSWORD",
            "ADS_MCP_PASSWORD",
            "ADS_SEED_PASSWORD",
            "CRM_SA_PASSWORD",
            "CRM_OWNER_PASSWORD",
            "CRM_ETL_PASSWORD",
            "CRM_MCP_PASSWORD",
            "CRM_APP_PASSWORD",
            "CRM_SUPPORT_PASSWORD",
            "CRM_SEED_PASSWORD",
            "CRM_MASTER_KEY_PASSWORD",
            "CRM_CERT_KEY_PASSWORD",
            "CRM_KEY_SOURCE",
            "CRM_KEY_IDENTITY",
            "CRM_BACKUP_PASSWORD",
            "BACKUP_PASSWORD",
            "CERTIFICATE_PASSPHRASE",
        ),
        password,
    ),
    "MONGO_REPLICA_KEY": hexadecimal,
    "CRM_HASH_KEY": hexadecimal,
}
"""The keys of the Secret that helm/promptsales reads."""

OUTSIDE = {
    "OPENAI_API_KEY": "OPENAI_API_KEY",
    "PINECONE_API_KEY": "PINECONE_API_KEY",
    "ALERT_WEBHOOK_URL": "PROMPTSALES_ALERT_WEBHOOK_URL",
}
"""Keys of outside services, each taken over from the variable of the environment, where it is set."""


def secrets(environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """The Secrets of helm/promptsales and of helm/airflow, in whatever namespace they are created."""
    passwords = {key: make() for key, make in PASSWORDS.items()}
    passwords |= {key: environment[variable] for key, variable in OUTSIDE.items() if environment.get(variable)}
    metadata = f"postgresql://airflow:{passwords['AIRFLOW_DATABASE_PASSWORD']}@promptsales-postgresql:5432/airflow"
    broker = f"redis://:{passwords['REDIS_PASSWORD']}@promptsales-redis:6379/1"
    airflow = {
        "connection": metadata,
        "fernet-key": fernet_key(),
        "jwt-secret": hexadecimal(),
        "api-secret-key": hexadecimal(),
        "admin-password": password(),
    }
    made = {
        "promptsales-passwords": passwords,
        "promptsales-airflow": airflow,
        "promptsales-airflow-broker": {"connection": broker},
    }
    if "PINECONE_API_KEY" in passwords:
        connection = {"conn_type": "pinecone", "password": passwords["PINECONE_API_KEY"]}
        made["promptsales-pinecone"] = {"connection": json.dumps(connection)}
    return [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": "Opaque", "stringData": values}
        for name, values in made.items()
    ]


if __name__ == "__main__":
    json.dump({"apiVersion": "v1", "kind": "List", "items": secrets(os.environ)}, sys.stdout)
