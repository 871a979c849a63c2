"""The entity-relationship diagrams are what the schema files declare."""

from __future__ import annotations

import re

import pytest

from promptsales.database.diagrams import DIAGRAMS_FILE, declared_tables, diagrams
from promptsales.database.mongodb import declared_collections
from promptsales.paths import DATABASE_DIR


def test_the_committed_file_is_the_generated_one() -> None:
    assert DIAGRAMS_FILE.read_text(encoding="utf-8") == diagrams(), "run `promptsales db diagrams`"


@pytest.mark.parametrize("folder", ["sqlserver_ads", "sqlserver_crm", "postgresql"])
def test_no_table_is_missed(folder: str) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (DATABASE_DIR / folder / "schema").glob("*.sql"))
    created = re.findall(r"^\s*CREATE TABLE (?:IF NOT EXISTS )?(\w+\.\w+)", text, re.MULTILINE)
    found = declared_tables(folder, "postgres" if folder == "postgresql" else "tsql")
    assert sorted(f"{each.schema}.{each.name}" for each in found) == sorted(created)
    assert all(each.key for each in found if each.schema == "dbo")


def test_every_collection_is_shown() -> None:
    shown = set(re.findall(r"^    (\w+) \{$", diagrams(), re.MULTILINE))
    assert set(declared_collections()) <= shown


def test_keys_and_references_are_read() -> None:
    tables = {each.name: each for each in declared_tables("sqlserver_ads", "tsql")}
    assert tables["campanas_mercados"].key == ("id_campana", "id_mercado")
    assert {reference.parent for reference in tables["anuncios"].references} == {"campanas", "canales", "influencers"}
    [influencer] = [each for each in tables["anuncios"].references if each.parent == "influencers"]
    assert influencer.optional


def test_mermaid_can_read_it() -> None:
    attribute = r'        [a-z][\w()\[\]-]* \w+( (PK|FK)(, FK)?)?( "optional")?'
    relation = r'    \w+ (\|\||\|o)(--|\.\.)o\{ \w+ : "[\w, ]+"'
    lines = [line for line in diagrams().splitlines() if line.startswith("    ")]
    assert [line for line in lines if not re.fullmatch(rf"{attribute}|{relation}|    \w+ \{{|    \}}", line)] == []
