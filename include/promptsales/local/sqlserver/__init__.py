"""A stand-in for SQL Server: a TDS endpoint in front of a PostgreSQL cluster of its own.

It runs SELECT, INSERT, UPDATE, DELETE and MERGE, transactions and the delta contract, so that the platform can
be tried and tested without SQL Server. Start it with `python -m promptsales.local.sqlserver`.
"""

from __future__ import annotations

ADMIN_PASSWORD_VARIABLE = "PROMPTSALES_STANDIN_ADMIN_PASSWORD"
ETL_PASSWORD_VARIABLE = "PROMPTSALES_STANDIN_ETL_PASSWORD"
MCP_PASSWORD_VARIABLE = "PROMPTSALES_STANDIN_MCP_PASSWORD"

DATABASES = {"PromptAds": "sqlserver_ads", "PromptCRM": "sqlserver_crm"}
"""Each database served, and its folder under `database/`. Its PostgreSQL database is the name in lower case."""

POSTGRES_SETTINGS = {
    "max_connections": "60",
    "shared_buffers": "256MB",
    "jit": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # A full-scale seeding between two checkpoints: after one, each page goes to the log whole.
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    # SQL Server looks for deadlocks every 5 s, and at once after finding one; PostgreSQL after this wait.
    "work_mem": "32MB",
    "deadlock_timeout": "200ms",
    # An automatic ANALYZE has a transaction id: while it runs it would hold MIN_ACTIVE_ROWVERSION() back.
    # UPDATE STATISTICS does it on demand.
    "autovacuum_analyze_threshold": "2147483647",
    # A killed stand-in must not leave backends working for nobody.
    "client_connection_check_interval": "500ms",
    "timezone": "UTC",
}
"""What the PostgreSQL cluster behind the stand-in is to be started with (`postgres -c name=value`)."""
