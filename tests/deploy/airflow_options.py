"""What Airflow itself can be configured with."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml


@cache
def described() -> dict[str, Any]:
    """Airflow's own description of its configuration: sections, each with its options."""
    spec = find_spec("airflow")
    assert spec is not None
    assert spec.origin is not None
    text = (Path(spec.origin).parent / "config_templates" / "config.yml").read_bytes()
    found: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return found
