"""The table of the platform's own use of AI, out of what drafts, decisions and calls left in MongoDB."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId
from content_stores import NOW, content_database, emptied
from pymongo.database import Database
from redis import Redis
from typer.testing import CliRunner

from promptsales.connections import connect_redis
from promptsales.content.ai_log import LONGEST, Use, markdown, recorded_uses
from promptsales.content.ai_log_cli import app
from promptsales.content.campaign_copy import CampaignCopy, Draft
from promptsales.content.copy_brief import CopyBrief, Population
from promptsales.content.copy_budget import TokenBudget
from promptsales.content.copy_template import MODEL, TemplateCopyGenerator
from promptsales.settings import Settings

DATABASE = "prueba_bitacora_ia"
SECRET = "sk-abcdefghijklmnop1234"
PEOPLE = (Population("jóvenes", "TikTok"), Population("familias | todas", "Facebook"))
PERSONAL = ("ana.mora@example.com", "+506 8888-7777", SECRET, "hunter2")


@pytest.fixture(scope="module")
def module_database(engines: Settings) -> Iterator[Database[dict[str, Any]]]:
    with content_database(engines, DATABASE) as database:
        yield database


@pytest.fixture
def database(module_database: Database[dict[str, Any]]) -> Database[dict[str, Any]]:
    return emptied(module_database)


@pytest.fixture
def redis(engines: Settings) -> Iterator[Redis]:
    client = connect_redis(engines.url("redis"))
    yield client
    client.close()


class Writers:
    """Drafts of several days and people."""

    def __init__(self, database: Database[dict[str, Any]], redis: Redis) -> None:
        self.now = NOW
        self.copy = CampaignCopy(
            database, redis, TemplateCopyGenerator(), TokenBudget(redis, 1000), now=lambda: self.now
        )

    def draft(self, moment: datetime, user: str, description: str) -> Draft:
        self.now = moment
        return self.copy.draft(CopyBrief(7, description, PEOPLE), user)


def call(moment: datetime, tokens: int, user: str | None) -> dict[str, Any]:
    return {
        "_id": ObjectId(),
        "servicio_utilizado": "OpenAI",
        "metodo": "crear_respuesta",
        "request": {"verbo": "POST", "ruta": "/responses", "cuerpo": {"input": "de Ana Mora"}},
        "response": {"codigo_http": 200, "cuerpo": {"output": "para Ana Mora"}},
        "resultado": "exito",
        "intentos": 1,
        **({"usuario": user} if user else {}),
        "tiempo_respuesta_ms": 1234.5,
        "tokens_consumidos": tokens,
        "fecha": moment,
    }


def test_every_use_has_its_author_prompt_result_and_validation(
    database: Database[dict[str, Any]], redis: Redis
) -> None:
    writers = Writers(database, redis)
    first = writers.draft(NOW, "ana", f"Zapatillas <ligeras> {NOW.microsecond}")
    second = writers.draft(NOW + timedelta(hours=1), "luis", "Otra cosa")
    third = writers.draft(NOW + timedelta(hours=2), "ana", "Tercera")
    writers.copy.approve(first.id, "eva")
    writers.copy.publish(first.id)
    writers.copy.reject(second.id, "eva")
    database["bitacora_solicitudes"].insert_many(
        [call(NOW + timedelta(hours=3), 512, "luis"), call(NOW + timedelta(hours=4), 0, "luis")]
    )

    uses = recorded_uses(database, None, None)
    assert [use.author for use in uses] == ["person 1", "person 3", "person 1", "person 3"]
    assert [use.moment for use in uses] == [NOW + timedelta(hours=hour) for hour in range(4)]
    published = f"{writers.now:%Y-%m-%d}"
    assert [use.validation for use in uses] == [
        f"approved by person 2 on {published}, published on {published}",
        f"rejected by person 2 on {published}",
        "draft: nobody has decided yet",
        "none: the answer went to the caller alone",
    ]
    assert "campaign 7: Zapatillas" in uses[0].prompt
    assert f"6 messages by {MODEL}, 0 tokens" in uses[0].result
    assert str(third.id) in uses[2].result
    assert "512 tokens" in uses[3].result

    # A day more or less leaves the others as they are.
    assert recorded_uses(database, NOW.date() + timedelta(days=1), None) == []
    assert len(recorded_uses(database, NOW.date(), NOW.date())) == 4


def test_the_table_names_nobody_and_tells_no_secret(database: Database[dict[str, Any]], redis: Redis) -> None:
    writers = Writers(database, redis)
    asked = f"Escribe a {PERSONAL[0]} o al {PERSONAL[1]} con {SECRET} y password=hunter2 antes del 2026-12-24."
    draft = writers.draft(NOW, "ana.mora@example.com", asked)
    writers.copy.approve(draft.id, "Ana Mora")
    database["bitacora_solicitudes"].insert_one(call(NOW, 5, "ana.mora@example.com"))

    text = "\n".join(markdown(recorded_uses(database, None, None)))
    for each in (*PERSONAL, "Ana Mora"):
        assert each not in text
    assert text.count("[oculto]") >= 4
    assert "2026-12-24" in text


def test_a_row_is_one_line_whatever_people_ask_for() -> None:
    use = Use(NOW, "person 1", "a | b\\", "<script>", "draft")
    [_, _, line] = markdown([use])
    assert line == f"| {NOW:%Y-%m-%d %H:%M} | person 1 | a \\| b\\\\ | &lt;script> | draft |"


def test_long_prompts_are_cut(database: Database[dict[str, Any]], redis: Redis) -> None:
    writers = Writers(database, redis)
    writers.draft(NOW, "ana", "línea\n" * 200)
    [use] = recorded_uses(database, None, None)
    assert "\n" not in use.prompt
    assert len(use.prompt) < 2 * LONGEST


def test_the_command_writes_the_table(
    database: Database[dict[str, Any]],
    redis: Redis,
    engines: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Writers(database, redis).draft(NOW, "ana", "Zapatillas")
    monkeypatch.setenv("PROMPTSALES_MONGO_CONTENT_URL", engines.url("mongo").replace("/promptcontent", f"/{DATABASE}"))
    shown = CliRunner().invoke(app, ["export", "--since", f"{NOW:%Y-%m-%d}"])
    assert shown.exit_code == 0, shown.output
    assert shown.output.splitlines()[0] == "| date | author | prompt | result | validation |"
    assert len(shown.output.splitlines()) == 3

    file = tmp_path / "log.md"
    written = CliRunner().invoke(app, ["export", "--output", str(file)])
    assert ": 1 rows" in written.output
    assert file.read_text(encoding="utf-8") == shown.output
    none = CliRunner().invoke(app, ["export", "--until", str(date(2020, 1, 1))])
    assert len(none.output.splitlines()) == 2
