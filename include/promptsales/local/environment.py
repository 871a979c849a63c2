"""The settings that point every part of the platform at the local engines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from promptsales.airflow_connections import airflow_connections
from promptsales.local.engine import Ports
from promptsales.local.mongodb import MongoDB
from promptsales.local.pinecone_engine import PineconeStandIn
from promptsales.local.postgres import Warehouse
from promptsales.local.sqlserver_engine import SqlServerStandIn
from promptsales.local.valkey import Valkey
from promptsales.settings import Settings


def build_environment(root: Path, ports: Ports, passwords: Mapping[str, str]) -> dict[str, str]:
    """Environment variables: the platform's URLs and key folder, Airflow's connections and metadata database."""
    warehouse = Warehouse(root, passwords)
    sqlserver = SqlServerStandIn(root, passwords)
    mongodb = MongoDB(root, passwords)
    urls = {
        "PROMPTSALES_POSTGRES_URL": warehouse.login_url(ports, "promptsales_etl", "promptsales"),
        "PROMPTSALES_POSTGRES_ADMIN_URL": warehouse.login_url(ports, "promptsales_admin", "promptsales"),
        "PROMPTSALES_POSTGRES_MCP_URL": warehouse.login_url(ports, "promptsales_mcp", "promptsales"),
        "PROMPTSALES_SSO_URL": warehouse.login_url(ports, "promptsales_sso", "promptsales"),
        "PROMPTSALES_SSO_VERIFIER_URL": warehouse.login_url(ports, "promptsales_verificador", "promptsales"),
        "PINECONE_HOST": PineconeStandIn(root, passwords).url(ports),
        "PINECONE_API_KEY": passwords["pinecone"],
        "PROMPTSALES_REDIS_URL": Valkey(root, passwords).url(ports),
        # Equal: this engine has no logins.
        "PROMPTSALES_MONGO_URL": mongodb.url(ports),
        "PROMPTSALES_MONGO_ADMIN_URL": mongodb.url(ports),
        "PROMPTSALES_MONGO_CONTENT_URL": mongodb.url(ports),
        "PROMPTSALES_MONGO_MCP_URL": mongodb.url(ports),
        "PROMPTSALES_ADS_URL": sqlserver.url(ports, "PromptAds"),
        "PROMPTSALES_ADS_ADMIN_URL": sqlserver.url(ports, "PromptAds", "admin"),
        "PROMPTSALES_ADS_MCP_URL": sqlserver.url(ports, "PromptAds", "mcp"),
        "PROMPTSALES_CRM_URL": sqlserver.url(ports, "PromptCRM"),
        "PROMPTSALES_CRM_ADMIN_URL": sqlserver.url(ports, "PromptCRM", "admin"),
        # One login: what the other two may execute, the stand-in does not run.
        "PROMPTSALES_CRM_MCP_URL": sqlserver.url(ports, "PromptCRM", "mcp"),
        "PROMPTSALES_CRM_APP_URL": sqlserver.url(ports, "PromptCRM", "mcp"),
        "PROMPTSALES_CRM_PERSONAL_URL": sqlserver.url(ports, "PromptCRM", "mcp"),
    }
    metadata = warehouse.login_url(ports, "airflow", "airflow").replace("postgresql://", "postgresql+psycopg2://")
    return {
        **urls,
        **airflow_connections(Settings.model_validate(urls)),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata,
        "PROMPTSALES_SSO_KEY_DIR": str(root / "sso"),
    }
