"""Where the project's own files live on disk."""

from __future__ import annotations

from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[2]
"""The checkout: the folder that holds README.md, dags/ and database/."""

DATABASE_DIR = PROJECT_ROOT / "database"
"""SQL and JavaScript schema sources, one folder an engine."""

PIPELINES_DIR = Path(__file__).resolve().parent / "pipelines"
"""The declared pipelines, one YAML file a source."""
