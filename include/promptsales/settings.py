"""Every setting of the platform, read from the environment in this one place."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from promptsales.errors import SettingsError
from promptsales.paths import PROJECT_ROOT


class Settings(BaseSettings):
    """Connection URLs and keys. URLs hold passwords, so every one is a `SecretStr`: its repr hides it.

    The `*_admin_url` settings name logins that own the schemas; `db init`, `seed` and `simulate` use them.
    Where one is not set, the plain URL serves for both.
    """

    model_config = SettingsConfigDict(
        env_file=PROJECT_ROOT / ".env", env_ignore_empty=True, extra="ignore", populate_by_name=True
    )

    postgres_url: SecretStr | None = Field(None, alias="PROMPTSALES_POSTGRES_URL")
    postgres_admin_url: SecretStr | None = Field(None, alias="PROMPTSALES_POSTGRES_ADMIN_URL")
    postgres_mcp_url: SecretStr | None = Field(None, alias="PROMPTSALES_POSTGRES_MCP_URL")
    redis_url: SecretStr | None = Field(None, alias="PROMPTSALES_REDIS_URL")
    mongo_url: SecretStr | None = Field(None, alias="PROMPTSALES_MONGO_URL")
    mongo_admin_url: SecretStr | None = Field(None, alias="PROMPTSALES_MONGO_ADMIN_URL")
    mongo_content_url: SecretStr | None = Field(None, alias="PROMPTSALES_MONGO_CONTENT_URL")
    mongo_mcp_url: SecretStr | None = Field(None, alias="PROMPTSALES_MONGO_MCP_URL")
    ads_url: SecretStr | None = Field(None, alias="PROMPTSALES_ADS_URL")
    ads_admin_url: SecretStr | None = Field(None, alias="PROMPTSALES_ADS_ADMIN_URL")
    ads_mcp_url: SecretStr | None = Field(None, alias="PROMPTSALES_ADS_MCP_URL")
    crm_url: SecretStr | None = Field(None, alias="PROMPTSALES_CRM_URL")
    crm_admin_url: SecretStr | None = Field(None, alias="PROMPTSALES_CRM_ADMIN_URL")
    crm_mcp_url: SecretStr | None = Field(None, alias="PROMPTSALES_CRM_MCP_URL")
    crm_app_url: SecretStr | None = Field(None, alias="PROMPTSALES_CRM_APP_URL")
    """The login that executes PromptCRM's procedures."""
    crm_personal_url: SecretStr | None = Field(None, alias="PROMPTSALES_CRM_PERSONAL_URL")
    """The login that decrypts, for callers whose scope allows it; without it nobody reads personal data."""

    sso_url: SecretStr | None = Field(None, alias="PROMPTSALES_SSO_URL")
    sso_verifier_url: SecretStr | None = Field(None, alias="PROMPTSALES_SSO_VERIFIER_URL")
    sso_issuer: str = Field("http://127.0.0.1:8100", alias="PROMPTSALES_SSO_ISSUER")
    """Who the access tokens are from: `iss`."""
    sso_key_dir: Path = Field(Path.home() / ".config" / "promptsales" / "sso", alias="PROMPTSALES_SSO_KEY_DIR")
    """The private keys that sign tokens; outside the checkout, so that none is committed."""

    certificate_dir: Path = Field(
        Path.home() / ".config" / "promptsales" / "certificates", alias="PROMPTSALES_CERTIFICATE_DIR"
    )
    """Certificates and private keys for `credenciales_cifradas`; outside the checkout, so that none is committed."""
    certificate_passphrase: SecretStr | None = Field(None, alias="PROMPTSALES_CERTIFICATE_PASSPHRASE")

    pinecone_api_key: SecretStr | None = Field(None, alias="PINECONE_API_KEY")
    pinecone_host: str | None = Field(None, alias="PINECONE_HOST")
    """The control plane where it is not Pinecone's own, as of the stand-in or Pinecone Local."""
    pinecone_index: str = Field("promptcontent-imagenes", alias="PROMPTSALES_PINECONE_INDEX")
    pinecone_cloud: str = Field("aws", alias="PROMPTSALES_PINECONE_CLOUD")
    pinecone_region: str = Field("us-east-1", alias="PROMPTSALES_PINECONE_REGION")
    """Where the index is made, if it has to be."""

    openai_api_key: SecretStr | None = Field(None, alias="OPENAI_API_KEY")
    openai_base_url: str | None = Field(None, alias="OPENAI_BASE_URL")
    copy_model: str = Field("gpt-4.1-mini", alias="PROMPTSALES_COPY_MODEL")
    """The chat model that writes campaign copy where `OPENAI_API_KEY` is set."""
    token_budget: int = Field(200_000, ge=0, alias="PROMPTSALES_TOKEN_BUDGET")
    """Tokens a user may spend on campaign copy in a calendar month, UTC."""

    alert_webhook_url: SecretStr | None = Field(None, alias="PROMPTSALES_ALERT_WEBHOOK_URL")
    """Where alerts are posted, in Slack's form. Whoever knows it can post, so it is a secret."""
    runbook_url: str = Field("documentation/OPERATIONS.md", alias="PROMPTSALES_RUNBOOK_URL")
    """Where alerts send people to: OPERATIONS.md as it can be read by them."""

    report_dir: Path = Field(PROJECT_ROOT / ".local" / "reports", alias="PROMPTSALES_REPORT_DIR")
    """Where reports of benchmarks are written."""

    mcp_token: SecretStr | None = Field(None, alias="PROMPTSALES_MCP_TOKEN")
    """Who calls: an access token of `promptsales sso token`, for stdio and for `promptsales mcp call`."""
    mcp_host: str = Field("127.0.0.1", alias="PROMPTSALES_MCP_HOST")
    """The address that the MCP servers listen on."""
    mcp_public_urls: dict[str, str] = Field({}, alias="PROMPTSALES_MCP_URLS")
    """JSON: server to the URL that clients and the other servers reach it by, where that is not loopback."""
    mcp_allowed_hosts: list[str] = Field([], alias="PROMPTSALES_MCP_ALLOWED_HOSTS")
    """JSON: `Host` headers to answer besides loopback's, `name:port` or `name:*`."""
    mcp_allowed_origins: list[str] = Field([], alias="PROMPTSALES_MCP_ALLOWED_ORIGINS")
    """JSON: `Origin` headers to answer besides loopback's."""
    mcp_calls_per_minute: int = Field(600, ge=1, alias="PROMPTSALES_MCP_CALLS_PER_MINUTE")
    """Requests of one user to one MCP server in a minute."""
    mcp_limit_fails: Literal["open", "closed"] = Field("open", alias="PROMPTSALES_MCP_LIMIT_FAILS")
    """While Redis, which counts requests, is down: answer every one, or none."""

    def url(self, name: str, *, admin: bool = False) -> str:
        """The URL of `postgres`, `redis`, `mongo`, `ads`, `crm`, `sso`, `sso_verifier` and the like: `{name}_url`.

        Args:
            name: which engine.
            admin: prefer the login that owns the schema.

        Raises:
            SettingsError: the variable is not set.
        """
        variable = self.variable(name, admin=admin)
        secret: SecretStr | None = getattr(self, variable.removeprefix("PROMPTSALES_").lower())
        if secret is None:
            raise SettingsError(
                f"{variable} is not set. Copy .env.example to .env and fill it in, or run "
                '`promptsales local up` and `eval "$(promptsales local env)"`.'
            )
        return secret.get_secret_value()

    def variable(self, name: str, *, admin: bool = False) -> str:
        """The environment variable that `url` reads, for the errors of whoever uses the URL."""
        owner = admin and getattr(self, f"{name}_admin_url", None) is not None
        return f"PROMPTSALES_{name.upper()}_ADMIN_URL" if owner else f"PROMPTSALES_{name.upper()}_URL"
