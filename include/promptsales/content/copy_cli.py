"""`promptsales content copy` and `approve`: campaign copy, and a person's decision on it."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer
import yaml
from bson import ObjectId
from bson.errors import InvalidId
from pydantic import ConfigDict, TypeAdapter, ValidationError
from rich.console import Console
from rich.markup import escape

from promptsales.connections import from_settings
from promptsales.content.campaign_copy import CampaignCopy, Draft
from promptsales.content.copy_brief import CHANNELS, GENERAL_POPULATIONS, CopyBrief, CopyError, Population
from promptsales.content.copy_budget import TokenBudget
from promptsales.content.copy_writer import copy_generator
from promptsales.content.database import open_content
from promptsales.settings import Settings

_POPULATIONS = TypeAdapter(tuple[Population, ...], config=ConfigDict(extra="forbid"))

app = typer.Typer()
console = Console(highlight=False, soft_wrap=True)


@app.command("copy")
def write_copy(
    campaign: Annotated[int, typer.Argument(min=1, help="id_campana in PromptAds")],
    description: Annotated[str, typer.Argument(help="what the campaign is about")],
    populations: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help=f"YAML list: nombre, canal ({', '.join(CHANNELS)}), tono, edad_minima, edad_maxima, paises, intereses",
        ),
    ] = None,
    user: Annotated[str | None, typer.Option(help="whose token budget (default: who runs this)")] = None,
) -> None:
    """Write three messages for each population, and store them as a draft for a person to approve."""
    brief = CopyBrief(campaign, description, populations_in(populations) if populations else GENERAL_POPULATIONS)
    with _campaign_copy() as service, console.status("writing"):
        draft = service.draft(brief, user or getpass.getuser())
    _print(brief, draft)


@app.command()
def approve(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="of the draft, as `content copy` printed it")],
    person: Annotated[str, typer.Option("--by", help="who takes responsibility for it")],
    publish: Annotated[bool, typer.Option("--publish", help="count it as published, too")] = False,
) -> None:
    """Approve a draft. Without it, no copy counts as published."""
    with _campaign_copy() as service:
        service.approve(_object_id(identifier), person)
        if publish:
            service.publish(_object_id(identifier))
    console.print(f"[green]✓[/green] {identifier} is {'published' if publish else 'approved'} by {escape(person)}.")


@contextmanager
def _campaign_copy() -> Iterator[CampaignCopy]:
    settings = Settings()
    with open_content(settings) as database, closing(from_settings(settings).redis()) as redis:
        yield CampaignCopy(database, redis, copy_generator(settings), TokenBudget(redis, settings.token_budget))


def _print(brief: CopyBrief, draft: Draft) -> None:
    source = "from the cache" if draft.from_cache else f"{draft.copy.tokens:,} tokens"
    console.print(f"Draft [bold]{draft.id}[/bold] by {escape(draft.copy.model)}, {source}:")
    for population in brief.populations:
        console.print(f"\n[bold]{escape(population.nombre)}[/bold], {population.canal}, {population.tone}")
        for text in draft.copy.messages[population.nombre]:
            console.print(f"  {escape(text)}")
    console.print(f"\nIt counts only once someone approves it: promptsales content approve {draft.id} --by NAME")


def populations_in(path: Path) -> tuple[Population, ...]:
    """The populations that a YAML file lists.

    Raises:
        CopyError: it is no such list; the text says where it goes wrong.
    """
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _POPULATIONS.validate_python(entries)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        reason = f"{' '.join(map(str, first['loc']))}: {first['msg']}"
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
    raise CopyError(f"{path} is not a list of populations: {reason}.")


def _object_id(text: str) -> ObjectId:
    try:
        return ObjectId(text)
    except InvalidId:
        raise CopyError(f"{text!r} is no identifier of a draft: 24 hexadecimal digits.") from None
