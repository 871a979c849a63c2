"""The tools of the content generator."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Literal

import pymongo
from bson import ObjectId
from pydantic import Field
from pymongo.errors import ConnectionFailure, PyMongoError
from redis.exceptions import RedisError

from mcp_servers.content_generator.models import (
    Budget,
    ContentAnswer,
    Day,
    Decision,
    DraftId,
    GeneratedContent,
    ImageFound,
    MonthUsage,
    Population,
    PopulationCopy,
    UsageAnswer,
    Words,
)
from mcp_servers.content_generator.populations import MOST, Audience, named, out_of_sales
from mcp_servers.content_generator.threads import Threads
from mcp_servers.kit.caller import Caller
from mcp_servers.kit.errors import Code, ToolError, refused
from mcp_servers.kit.health import CHECK_SECONDS, Check
from mcp_servers.kit.pages import offset_of, page
from mcp_servers.kit.server import Part, Surroundings
from mcp_servers.kit.texts import Identifier, Phrase, Text
from mcp_servers.kit.tool import tool
from promptsales.connections import connect_mongo, connect_redis
from promptsales.content.campaign_copy import CampaignCopy, DecidedError, Draft, NoSuchDraftError
from promptsales.content.copy_brief import BriefError, CopyBrief, CopyFailedError, UnusableCopyError
from promptsales.content.copy_budget import BudgetError, Spending, TokenBudget
from promptsales.content.copy_template import TemplateCopyGenerator
from promptsales.content.copy_usage import copy_usage
from promptsales.content.copy_writer import copy_generator
from promptsales.content.images.embedder import embedder_of
from promptsales.content.images.search import MAX_QUESTION, MAX_RESULTS, ImageResult, ImageSearch
from promptsales.content.images.vector_index import connect_index
from promptsales.errors import PromptSalesError

logger = logging.getLogger(__name__)

LIMIT_SECONDS = 20
"""For generated copy, in all. Its parts one after the other, storing it too, come to 16: a server that asks this one
waits for 17."""

PEER_SECONDS = 2.0
IMAGES_SECONDS = 2.0
WRITE_SECONDS = 10.0

PINECONE_SECONDS = 1.5
"""For one request, which is made twice at most."""

REDIS_SECONDS = 0.5

SEARCHES = 8
"""At once; each takes a few milliseconds of this process and waits for Pinecone."""

WRITINGS = 16
"""At once; each waits for a language model."""

RECORDS = 8
"""Short questions to MongoDB and Redis at once."""

IMAGES = 3
"""For each population."""

SUBJECT_CHARACTERS = 200
"""Of a description in a search for images: its first sentence says what it is about, the others lead astray."""

_END_OF_SENTENCE = re.compile(r"[.;:!?\n]\s")

CampaignId = Annotated[Identifier | None, Field(description="id of a campaign in PromptAds, 1 and up")]
Populations = Annotated[
    list[Population] | None,
    Field(
        min_length=1,
        max_length=MOST,
        description=f"whom messages are for, 1 to {MOST}, each with a name of its own; left out: the ages of those who "
        "buy, as crm_analyzer knows them, else three ages of the general public",
    ),
]


class ContentGenerator(Part):
    """Searches the image library, has copy written, takes decisions on it.

    Args:
        surroundings: settings, and crm_analyzer.

    Raises:
        SettingsError: `PROMPTSALES_MONGO_MCP_URL`, Redis's or Pinecone's settings are missing or malformed.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        settings = surroundings.settings
        self._redis = connect_redis(settings.url("redis"), settings.variable("redis"), seconds=REDIS_SECONDS)
        self._database = connect_mongo(
            settings.url("mongo_mcp"), settings.variable("mongo_mcp"), pool_size=WRITINGS + RECORDS
        )
        self._embedder = embedder_of(settings)
        index = connect_index(settings, self._embedder.model, seconds=PINECONE_SECONDS)
        self._search = ImageSearch(index, self._embedder, self._redis)
        writer = copy_generator(settings, WRITE_SECONDS)
        self._by_rule = isinstance(writer, TemplateCopyGenerator)
        self._budget = TokenBudget(self._redis, settings.token_budget)
        self._copy = CampaignCopy(self._database, self._redis, writer, self._budget)
        self._crm = surroundings.peer("crm_analyzer", PEER_SECONDS)
        self._searches = Threads("search", SEARCHES)
        self._writings = Threads("writing", WRITINGS)
        self._records = Threads("records", RECORDS)
        self._loading: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to load the encoder."""
        self._loading = asyncio.create_task(self._searches.run(self._embedder.load))

    async def close(self) -> None:
        """Close the connections; work that has begun in a thread fails."""
        for threads in (self._searches, self._writings, self._records):
            threads.close()
        self._database.client.close()
        self._redis.close()

    @property
    def checks(self) -> Mapping[str, Check]:
        """MongoDB, and the encoder once it is loaded. Without Pinecone three tools of four still answer."""
        return {"encoder": self._loaded, "mongodb": self._mongodb}

    @tool(
        "getContent",
        title="Find images / Buscar imagenes",
        description="Images of the library that show what is asked for, by meaning, not by exact words: each with "
        "description, hashtags, category, address and score. For pictures; it writes nothing.\n"
        "Imagenes de la biblioteca que muestran lo que se pide, por su significado: descripcion, hashtags, categoria, "
        "direccion y puntaje. Para buscar fotos; no escribe nada.",
        scope="content:read",
        seconds=8,
    )
    async def get_content(
        self,
        query: Annotated[
            Phrase,
            Field(
                description="what the image shows, in Spanish or English, 1 to 300 characters, e.g. 'tenis para correr'"
            ),
        ],
        *,
        category: Annotated[
            Words | None, Field(description="only this category, e.g. calzado; all if left out")
        ] = None,
        campaign_id: CampaignId = None,
        limit: Annotated[int, Field(ge=1, le=MAX_RESULTS, description="images of one answer, 1 to 50")] = 10,
        cursor: Annotated[
            str | None, Field(max_length=200, description="of the last answer, for the next images")
        ] = None,
        caller: Caller,
    ) -> ContentAnswer:
        """Images by what they show."""
        offset = offset_of(cursor)
        await self._loaded()
        # All that can be reached, whatever the page: one kept answer serves every page.
        answer = await self._searches.run(
            partial(self._search.search, query, count=MAX_RESULTS, category=category, campaign=campaign_id)
        )
        images = [_image(each) for each in answer.results[offset : offset + limit + 1]]
        kept, rest = page(images, limit, offset)
        return ContentAnswer(**rest.model_dump(), images=kept, cached=answer.cached)

    @tool(
        "generateCampaignContent",
        title="Write campaign copy / Escribir textos de campana",
        description="Writes advertising copy in Spanish: three messages for each population, within its channel's "
        "length, with images that fit; stores it as a draft that waits for a person (approveContent). Spends the "
        "caller's tokens. Each call stores another draft.\n"
        "Escribe textos publicitarios en espanol: tres mensajes por poblacion, del largo de su canal, con imagenes; "
        "queda como borrador hasta que una persona lo apruebe. Gasta tokens de quien llama. Cada llamada guarda otro "
        "borrador.",
        scope="content:write",
        seconds=LIMIT_SECONDS,
        read_only=False,
        idempotent=False,
    )
    async def generate_campaign_content(
        self,
        description: Annotated[
            Text, Field(description="what the campaign is about, in Spanish, 1 to 4,000 characters")
        ],
        *,
        populations: Populations = None,
        campaign_id: CampaignId = None,
        caller: Caller,
    ) -> GeneratedContent:
        """Copy, as a draft. After its deadline a draft may still be stored; asked again, it comes from the cache."""
        audience = named(populations) if populations else await out_of_sales(self._crm, campaign_id, caller)
        brief = CopyBrief(campaign_id, description, audience.populations)
        images, missing_images = await self._images_for(brief)
        user = str(caller.user_id)
        ids = [ObjectId(image.id) for found in images.values() for image in found]
        with _told():
            draft = await self._writings.run(partial(self._copy.draft, brief, user, lambda description: ids))
        spending, missing_budget = await self._spending(user)
        return self._generated(brief, audience, draft, images, spending, [*missing_images, *missing_budget])

    @tool(
        "approveContent",
        title="Decide on copy / Decidir sobre textos",
        description="Records a person's decision on a draft of generateCampaignContent, in the name of the signed-on "
        "user: approved or rejected, for good. Only after that person has read the messages and said so.\n"
        "Registra la decision de una persona sobre un borrador, a nombre del usuario que inicio sesion: aprobado o "
        "rechazado, sin vuelta. Solo cuando esa persona leyo los mensajes y lo dijo.",
        scope="content:approve",
        seconds=8,
        read_only=False,
        destructive=True,
    )
    async def approve_content(
        self,
        draft_id: Annotated[DraftId, Field(description="as generateCampaignContent gave it, 24 hexadecimal digits")],
        decision: Annotated[
            Literal["approved", "rejected"], Field(description="what the person decided; it cannot be taken back")
        ],
        *,
        caller: Caller,
    ) -> Decision:
        """A decision, once."""
        identifier = ObjectId(draft_id)
        decide = self._copy.approve if decision == "approved" else self._copy.reject
        with _told():
            await self._records.run(partial(decide, identifier, f"usuario {caller.user_id}"))
        return Decision(draft_id=draft_id, status=decision, decided_by=caller.user_id)

    @tool(
        "getContentUsage",
        title="Copy and tokens used / Uso de textos y tokens",
        description="What copy the caller had written in a period, by month and model, its tokens, and what is left of "
        "their token budget of this month.\n"
        "Que textos genero quien pregunta en un periodo, por mes y modelo, sus tokens, y lo que queda de su "
        "presupuesto de tokens de este mes.",
        scope="content:read",
        seconds=8,
    )
    async def get_content_usage(
        self,
        *,
        since: Annotated[
            Day | None, Field(description="first day, UTC; the first of `until`'s month if left out")
        ] = None,
        until: Annotated[Day | None, Field(description="last day, UTC; today if left out")] = None,
        caller: Caller,
    ) -> UsageAnswer:
        """The caller's own use."""
        last = until or datetime.now(UTC).date()
        first = since or last.replace(day=1)
        if first > last:
            raise refused("since", f"after `until` ({last})")
        user = str(caller.user_id)
        with _told():
            months = await self._records.run(partial(copy_usage, self._database, user, first, last))
        spending, notes = await self._spending(user)
        return UsageAnswer(
            since=first,
            until=last,
            generations=sum(month.generations for month in months),
            tokens=sum(month.tokens for month in months),
            months=[MonthUsage(**asdict(month)) for month in months],
            budget=None if spending is None else _budget(spending),
            notes=notes,
        )

    async def _loaded(self) -> None:
        if self._loading is None:
            raise ToolError(Code.UNAVAILABLE, "The encoder is not loaded yet.")
        # A caller who stops waiting does not stop the loading.
        await asyncio.shield(self._loading)

    async def _mongodb(self) -> None:
        await self._records.run(self._ping)

    def _ping(self) -> None:
        with pymongo.timeout(CHECK_SECONDS):
            self._database.command("ping")

    async def _images_for(self, brief: CopyBrief) -> tuple[dict[str, list[ImageResult]], list[str]]:
        """Images by population, and what to say where there are none."""
        try:
            async with asyncio.timeout(IMAGES_SECONDS):
                await self._loaded()
                return await self._searches.run(partial(self._fitting, brief)), []
        except (PromptSalesError, TimeoutError) as error:
            logger.warning("copy without images: %s", type(error).__name__)
            return {}, ["The image search does not answer now: the messages have no images."]

    def _fitting(self, brief: CopyBrief) -> dict[str, list[ImageResult]]:
        found: dict[str, list[ImageResult]] = {}
        for population in brief.populations:
            question = _question(brief.description, population.intereses)
            results: dict[str, ImageResult] = {}
            for campaign in dict.fromkeys((brief.campaign, None)):
                answer = self._search.search(question, count=IMAGES, campaign=campaign)
                results |= {each.id: each for each in answer.results if each.id not in results}
            found[population.nombre] = list(results.values())[:IMAGES]
        return found

    async def _spending(self, user: str) -> tuple[Spending | None, list[str]]:
        try:
            return await self._records.run(partial(self._budget.spending, user, datetime.now(UTC))), []
        except RedisError:
            return None, ["The token budget is not known now."]

    def _generated(
        self,
        brief: CopyBrief,
        audience: Audience,
        draft: Draft,
        images: Mapping[str, Sequence[ImageResult]],
        spending: Spending | None,
        notes: Sequence[str],
    ) -> GeneratedContent:
        written = [
            PopulationCopy(
                population=population.nombre,
                channel=population.canal,
                tone=population.tone,
                max_characters=population.channel.limit,
                messages=list(draft.copy.messages[population.nombre]),
                images=[_image(each) for each in images.get(population.nombre, ())],
            )
            for population in brief.populations
        ]
        return GeneratedContent(
            draft_id=str(draft.id),
            campaign_id=brief.campaign,
            populations=written,
            populations_from=audience.source,
            generator="template" if self._by_rule else "model",
            model=draft.copy.model,
            template=draft.copy.template,
            from_cache=draft.from_cache,
            tokens=0 if draft.from_cache else draft.copy.tokens,
            tokens_left=None if spending is None else spending.left,
            notes=[*audience.notes, *notes],
        )


@contextmanager
def _told() -> Iterator[None]:
    """The library's errors as what a caller is told; what only the operator can mend goes to the log."""
    try:
        yield
    except BudgetError:
        raise ToolError(
            Code.BUDGET_EXHAUSTED,
            "The caller's tokens of this month do not suffice for this copy: getContentUsage tells what is left.",
        ) from None
    except BriefError as error:
        raise refused("description", str(error)) from None
    except NoSuchDraftError:
        raise ToolError(Code.NOT_FOUND, "There is no such draft.") from None
    except DecidedError:
        raise ToolError(Code.CONFLICT, "The draft has been decided on already: the first decision holds.") from None
    except CopyFailedError as error:
        # What is unusable quotes the brief, which is no business of the log's.
        reason = type(error).__name__ if isinstance(error, UnusableCopyError) else str(error)
        logger.warning("no copy after %s tokens: %s", error.tokens, reason)
        raise ToolError(Code.UNAVAILABLE, "No usable copy could be written now: try again.") from None
    except RedisError as error:
        logger.warning("the token budget cannot be read: %s", type(error).__name__)
        raise ToolError(
            Code.UNAVAILABLE, "The token budget is not known now, so nothing is spent: try again."
        ) from None
    except PyMongoError as error:
        if not (error.timeout or isinstance(error, ConnectionFailure)):
            raise
        logger.warning("MongoDB: %s", type(error).__name__)
        raise ToolError(Code.UNAVAILABLE, "The content database does not answer now: try again.") from None


def _question(description: str, interests: Sequence[str]) -> str:
    """What to look for, within the length of a question."""
    subject = _END_OF_SENTENCE.split(description, maxsplit=1)[0] or description
    return " ".join([subject[:SUBJECT_CHARACTERS], *interests])[:MAX_QUESTION]


def _image(found: ImageResult) -> ImageFound:
    return ImageFound(
        id=found.id,
        description=found.description,
        hashtags=found.hashtags,
        category=found.category,
        url=found.url,
        score=found.score,
    )


def _budget(spending: Spending) -> Budget:
    return Budget(
        month=f"{datetime.now(UTC):%Y-%m}",
        spent=spending.spent,
        reserved=spending.reserved,
        limit=spending.limit,
        left=spending.left,
    )
