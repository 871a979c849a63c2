"""The documents of PromptContent, which point at real campaigns, customers, services and images."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from bson import ObjectId

from promptsales.seeding.ads_tables import campaign_names
from promptsales.seeding.identity import plain
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.reference import read_yaml, shares
from promptsales.seeding.sales import DAY_SECONDS
from promptsales.seeding.schedule import WINDOW_DAYS
from promptsales.seeding.world import World

Document = dict[str, Any]

CDN = "https://cdn.promptsales.example/imagenes"
CAMPAIGN_LOGS = 200
REQUEST_DAYS = 60
"""Requests are logged for 90 days; the seeded ones are younger, so that they stay a while."""

TOKEN_SERVICE = "OpenAI"
HTTP_CODES = {"exito": (200,), "error": (400, 500, 503), "limite_excedido": (429,)}


def content_documents(world: World) -> dict[str, list[Document]]:
    """The documents of every seeded collection, each list in ascending order of `_id`."""
    services: dict[str, Any] = read_yaml("servicios.yaml")
    images = image_documents(world)
    return {
        "imagenes": images,
        "servicios_terceros": _services(world, services["servicios_terceros"]),
        "mcp_servers": _mcp_servers(world, services["mcp_servers"]),
        "logs_campanas": _campaign_logs(world, images),
        "bitacora_solicitudes": request_documents(
            world.plan, "seeded", _moments(world.plan, "bitacora_solicitudes", world.plan.requests, REQUEST_DAYS)
        ),
    }


def document_id(plan: SeedPlan, collection: str, created: datetime, counter: int) -> ObjectId:
    """An ObjectId made as drivers make them (time, 5 bytes, counter), with bytes that follow from the plan.

    https://www.mongodb.com/docs/manual/reference/bson-types/#objectid
    """
    process = hashlib.sha256(f"{plan.seed}/{collection}".encode()).digest()[:5]
    return ObjectId(int(created.timestamp()).to_bytes(4) + process + counter.to_bytes(3))


def at(second: int) -> datetime:
    """A moment, given in seconds since 1970-01-01 UTC."""
    return datetime.fromtimestamp(second, UTC)


def _moments(plan: SeedPlan, collection: str, count: int, days: int) -> list[int]:
    """Seconds of the last `days` days, ascending."""
    end = (plan.as_of_day + 1) * DAY_SECONDS
    moments: list[int] = np.sort(
        end - plan.generator(collection, "fecha").integers(1, days * DAY_SECONDS, count)
    ).tolist()
    return moments


def image_texts() -> list[tuple[str, str, list[str]]]:
    """Category, description and hashtags of every image: one sentence a subject, no two alike."""
    found: list[tuple[str, str, list[str]]] = []
    for category, words in read_yaml("imagenes.yaml").items():
        places, lights = words["escenarios"], words["luces"]
        for index, (subject, tag) in enumerate(words["sujetos"]):
            place, light = places[index % len(places)], lights[(index + len(found)) % len(lights)]
            tags = list(dict.fromkeys(f"#{word.replace(' ', '')}" for word in (tag, *words["etiquetas"])))
            found.append((category, f"{subject} {place}, {light}.", tags))
    return found


def image_documents(world: World) -> list[Document]:
    """The image library. Nothing is embedded yet, so no image has a vector."""
    plan, ref = world.plan, world.reference
    rng = plan.generator("imagenes")
    texts = image_texts()
    sectors = {category: words["sector"] for category, words in read_yaml("imagenes.yaml").items()}
    vocabulary = read_yaml("contenido.yaml")
    sector_of_campaign = np.array([brand.sector for brand in ref.brands])[world.campaigns.brand]
    documents: list[Document] = []
    order = rng.permutation(len(texts)).tolist()
    for index, second in zip(order, _moments(plan, "imagenes", len(texts), WINDOW_DAYS), strict=True):
        category, description, tags = texts[index]
        created = at(second)
        own = np.flatnonzero(sector_of_campaign == (ref.sectors.index(sectors[category]) if sectors[category] else -1))
        own = own if len(own) else np.arange(plan.campaigns)
        campaigns = rng.choice(own, min(len(own), int(rng.integers(1, 5))), replace=False)
        identifier = document_id(plan, "imagenes", created, index)
        documents.append(
            {
                "_id": identifier,
                **image_file(rng, vocabulary, category, str(identifier)),
                "descripcion": description,
                "hashtags": tags,
                "categoria": category,
                "vector_id_pinecone": None,
                "campanas_asociadas": sorted(int(campaign) + 1 for campaign in campaigns),
                "creado_en": created,
                "actualizado_en": created,
            }
        )
    return documents


def image_file(rng: np.random.Generator, vocabulary: dict[str, Any], category: str, name: str) -> Document:
    """Addresses and technical metadata of one image file."""
    width, height, orientation = vocabulary["tamanos"][rng.integers(len(vocabulary["tamanos"]))]
    extension = pick(rng, vocabulary["formatos"])
    colours = rng.choice(len(vocabulary["colores"]), int(rng.integers(2, 6)), replace=False)
    return {
        "url_imagen": f"{CDN}/{category}/{name}.{extension}",
        "url_thumbnail": f"{CDN}/{category}/{name}_320.webp",
        "metadata": {
            "tipo": pick(rng, vocabulary["tipos"]),
            "formato": extension,
            "ancho": width,
            "alto": height,
            "peso_kb": round(width * height / 1_000 * float(rng.uniform(0.10, 0.45)), 1),
            "colores_dominantes": [vocabulary["colores"][colour] for colour in colours.tolist()],
            "orientacion": orientation,
            "espacio_color": "sRGB",
            "resolucion_dpi": 72,
        },
    }


def pick(rng: np.random.Generator, weights: dict[str, float]) -> str:
    """One of the keys, by their weights."""
    return list(weights)[rng.choice(len(weights), p=shares(list(weights.values())))]


def _services(world: World, services: list[Document]) -> list[Document]:
    """Registered before the first campaign began."""
    plan = world.plan
    registered = at((plan.as_of_day - WINDOW_DAYS - 30) * DAY_SECONDS)
    return [
        {
            "_id": document_id(plan, "servicios_terceros", registered, counter),
            **service,
            "estado": "activo",
            "creado_en": registered,
            "actualizado_en": registered,
        }
        for counter, service in enumerate(services)
    ]


def _mcp_servers(world: World, servers: Sequence[Document]) -> list[Document]:
    plan = world.plan
    registered = at((plan.as_of_day - 90) * DAY_SECONDS)
    return [
        {
            "_id": document_id(plan, "mcp_servers", registered, counter),
            "nombre_servidor": server["nombre_servidor"],
            "descripcion": server["descripcion"],
            "tools": server["tools"],
            "configuracion": {
                "despliegue": {"entorno": "local", "replicas": 1, "puerto": server["puerto"]},
                "transporte": "streamable-http",
                "tiempo_limite_ms": 20_000,
            },
            "metricas_uso": {"llamadas": 0, "errores": 0, "tokens_consumidos": 0, "ultima_llamada": None},
            "estado": "activo",
            "creado_en": registered,
            "actualizado_en": registered,
        }
        for counter, server in enumerate(servers)
    ]


def _campaign_logs(world: World, images: list[Document]) -> list[Document]:
    """Copy that was generated for real campaigns, with real images."""
    plan, camps = world.plan, world.campaigns
    rng = plan.generator("logs_campanas")
    names = campaign_names(world)
    campaigns = rng.integers(0, plan.campaigns, CAMPAIGN_LOGS)
    before_start = rng.integers(DAY_SECONDS, 12 * DAY_SECONDS, CAMPAIGN_LOGS)
    created = np.minimum(camps.schedule.start[campaigns], plan.as_of_day) * DAY_SECONDS - before_start
    order = np.argsort(created, kind="stable")
    return [
        _campaign_log(
            world, rng, counter, int(campaigns[row]), names[int(campaigns[row])][1], int(created[row]), images
        )
        for counter, row in enumerate(order.tolist())
    ]


def _campaign_log(
    world: World,
    rng: np.random.Generator,
    counter: int,
    campaign: int,
    description: str,
    second: int,
    images: list[Document],
) -> Document:
    plan, ref, camps = world.plan, world.reference, world.campaigns
    vocabulary = read_yaml("contenido.yaml")
    brand = ref.brands[camps.brand[campaign]]
    channels = [ref.channels[index].name for index in camps.channels[campaign].tolist() if index >= 0]
    audiences = [
        str(ref.words["publicos"][which]) for which in rng.choice(len(ref.words["publicos"]), 2, replace=False)
    ]
    product = ref.products[brand.sector][rng.integers(len(ref.products[brand.sector]))].name
    fitting = [image["_id"] for image in images if campaign + 1 in image["campanas_asociadas"]]
    shown = fitting[:3] or [images[rng.integers(len(images))]["_id"]]
    state = pick(rng, vocabulary["estados"])
    document: Document = {
        "_id": document_id(plan, "logs_campanas", at(second), counter),
        "id_campana": campaign + 1,
        "descripcion_campana": description,
        "publico_meta": [
            {"nombre": audience, "paises": [ref.countries[camps.country[campaign]].name]} for audience in audiences
        ],
        "mensajes_poblacion": [
            {
                "poblacion": audience,
                "canal": channels[rng.integers(len(channels))],
                "mensajes": [
                    text.format(marca=brand.name, producto=product, publico=audience) for text in vocabulary["mensajes"]
                ],
            }
            for audience in audiences
        ],
        "imagenes": shown,
        "generacion_metadata": {
            "modelo": pick(rng, vocabulary["modelos"]),
            "tokens": int(rng.integers(350, 1_800)),
            "latencia_ms": int(rng.integers(900, 7_000)),
            "plantilla": vocabulary["plantillas"][rng.integers(len(vocabulary["plantillas"]))],
        },
        "estado": state,
        "creado_en": at(second),
    }
    if (won := np.flatnonzero(world.customers.campaign == campaign)).size:
        document["id_cliente"] = int(won[rng.integers(won.size)]) + 1
    if state in ("aprobado", "publicado"):
        document["aprobado_por"] = vocabulary["revisores"][rng.integers(len(vocabulary["revisores"]))]
        document["aprobado_en"] = at(second) + timedelta(hours=int(rng.integers(1, 20)))
    return document


def request_documents(plan: SeedPlan, stream: str, seconds: Sequence[int], first_counter: int = 0) -> list[Document]:
    """Logged requests to the outside services at those moments (seconds since 1970-01-01 UTC, ascending).

    Args:
        plan: gives the random stream and the ids.
        stream: names the stream, so that other requests come out of each.
        seconds: one request each.
        first_counter: the counter in the first one's id.
    """
    rng = plan.generator("bitacora_solicitudes", stream)
    services: list[Document] = read_yaml("servicios.yaml")["servicios_terceros"]
    outcomes: dict[str, float] = read_yaml("contenido.yaml")["resultados"]
    return [
        _request(plan, rng, services, outcomes, second, counter)
        for counter, second in enumerate(seconds, start=first_counter)
    ]


def _request(
    plan: SeedPlan,
    rng: np.random.Generator,
    services: list[Document],
    outcomes: dict[str, float],
    second: int,
    counter: int,
) -> Document:
    service = services[rng.integers(len(services))]
    method = service["metodos_disponibles"][rng.integers(len(service["metodos_disponibles"]))]
    outcome = pick(rng, outcomes)
    codes = HTTP_CODES.get(outcome)
    response: Document = {"codigo_http": int(codes[rng.integers(len(codes))]) if codes else None, "cuerpo": None}
    correlation = plain(f"{service['nombre_servicio']}{counter}")
    if outcome != "exito":
        response["error"] = outcome
    if codes:
        response["cuerpo"] = {"id": correlation} if outcome == "exito" else {"error": outcome}
    return {
        "_id": document_id(plan, "bitacora_solicitudes", at(second), counter),
        "servicio_utilizado": service["nombre_servicio"],
        "metodo": method["nombre"],
        "request": {
            "verbo": method["verbo"],
            "ruta": method["ruta"].replace("{id}", str(rng.integers(10_000, 99_999))),
            "parametros": {"correlacion": correlation},
            "cuerpo": None if method["verbo"] == "GET" else {"correlacion": correlation},
        },
        "response": response,
        "resultado": outcome,
        "intentos": 1,
        "tiempo_respuesta_ms": 10_000 if outcome == "tiempo_agotado" else int(rng.gamma(3.0, 180.0)) + 20,
        "tokens_consumidos": int(rng.integers(80, 1_500))
        if service["nombre_servicio"] == TOKEN_SERVICE and outcome == "exito"
        else 0,
        "fecha": at(second),
    }
