"""docker-compose.yml as Docker sees it: parsed, its variables filled in from a fresh .env."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
import yaml

from promptsales.local.pinecone import KEY_VARIABLE
from promptsales.paths import PROJECT_ROOT
from promptsales.settings import Settings

sys.path.insert(0, str(PROJECT_ROOT / "deployment"))

import write_env

COMPOSE_FILE = PROJECT_ROOT / "docker-compose.yml"

VARIABLE = re.compile(r"\$\{(?P<name>[A-Z0-9_]+)(?:(?P<operator>:\?|:-|-)(?P<word>(?:[^{}]|\$\{[^}]*\})*))?\}")
"""`${NAME}` with what Compose puts in its place; `$$` is a dollar sign for the container's own shell."""

OURS = "promptsales/"
"""Images of this repository, whose environment the platform's code reads."""

OUTSIDE = {"openai_base_url", "alert_webhook_url", "runbook_url"}
"""Settings that are URLs of what no deployment here brings."""

SETTINGS_PREFIXES = ("PROMPTSALES_", "PINECONE_", "OPENAI_")

STANDIN_KEY = KEY_VARIABLE
"""Has the prefix, and is no setting: the Pinecone of the local profile alone reads it."""


@cache
def text() -> str:
    """The file as it is."""
    return COMPOSE_FILE.read_text(encoding="utf-8")


@cache
def services() -> dict[str, dict[str, Any]]:
    """Its services by name, variables filled in."""
    values = {name: make() for name, make in write_env.VARIABLES.items()} | {"SQLSERVER_ACCEPT_EULA": "Y"}
    found: dict[str, dict[str, Any]] = _filled_in(yaml.safe_load(text())["services"], values)
    return found


def _filled_in(node: Any, values: Mapping[str, str]) -> Any:
    match node:
        case str():
            return filled_in(node, values)
        case list():
            return [_filled_in(each, values) for each in node]
        case dict():
            return {name: _filled_in(each, values) for name, each in node.items()}
    return node


def filled_in(template: str, values: Mapping[str, str]) -> str:
    """The text with its variables' values.

    Raises:
        KeyError: one that must be set is not.
    """

    def value(match: re.Match[str]) -> str:
        name, operator, word = match["name"], match["operator"], match["word"]
        if operator in (":?", None):
            return values[name]
        return values.get(name) or filled_in(word, values)

    return VARIABLE.sub(value, template)


def ours(service: Mapping[str, Any]) -> bool:
    """Whether a service runs an image of this repository."""
    return str(service["image"]).startswith(OURS)


def settings_of(service: Mapping[str, Any]) -> dict[str, str]:
    """What its environment has of the platform's settings."""
    environment: dict[str, str] = service.get("environment", {})
    return {
        name: value for name, value in environment.items() if name.startswith(SETTINGS_PREFIXES) and name != STANDIN_KEY
    }


def settings_read(service: Mapping[str, Any]) -> Settings:
    """The settings as the platform's code reads them in a service."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings_of(service).items():
            patch.setenv(name, value)
        return Settings()
