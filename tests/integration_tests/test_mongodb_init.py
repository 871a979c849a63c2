from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import Binary, ObjectId
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, WriteError

from promptsales.connections import connect_mongo
from promptsales.database.mongodb import InitReport, MongoSchemaError, declared_collections, init
from promptsales.settings import Settings

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

GOOD: dict[str, dict[str, Any]] = {
    "imagenes": {
        "url_imagen": "https://cdn.example.com/i/1.jpeg",
        "url_thumbnail": "https://cdn.example.com/t/1.webp",
        "descripcion": "Familia en la playa al atardecer",
        "hashtags": ["#playa", "#verano"],
        "categoria": "turismo",
        "metadata": {
            "tipo": "fotografia",
            "formato": "jpeg",
            "ancho": 1920,
            "alto": 1080,
            "peso_kb": 412.5,
            "colores_dominantes": ["#ffaa00"],
        },
        "campanas_asociadas": [1, 2],
        "creado_en": NOW,
        "actualizado_en": NOW,
    },
    "servicios_terceros": {
        "nombre_servicio": "Canva",
        "url_base": "https://api.canva.example/rest",
        "metodos_disponibles": [{"nombre": "crear_diseno", "verbo": "POST", "ruta": "/v1/designs"}],
        "autenticacion": {
            "tipo": "oauth2",
            "url_token": "https://api.canva.example/oauth/token",
            "verbo_token": "POST",
            "flujo": "client_credentials",
            "autenticacion_cliente": "basic",
            "alcance": ["design:content:write"],
        },
        "rate_limits": {"por_minuto": 60, "por_dia": 10_000},
        "estado": "activo",
        "creado_en": NOW,
        "actualizado_en": NOW,
    },
    "bitacora_solicitudes": {
        "servicio_utilizado": "Canva",
        "metodo": "crear_diseno",
        "request": {"verbo": "POST", "ruta": "/v1/designs", "cuerpo": {"titulo": "Verano"}},
        "response": {"codigo_http": 201, "cuerpo": {"id": "D1"}},
        "resultado": "exito",
        "intentos": 1,
        "tiempo_respuesta_ms": 182.4,
        "tokens_consumidos": 0,
        "fecha": NOW,
    },
    "logs_campanas": {
        "id_campana": 12,
        "descripcion_campana": "Verano en la costa",
        "publico_meta": [{"nombre": "familias", "edad_minima": 30}],
        "mensajes_poblacion": [{"poblacion": "familias", "canal": "correo", "mensajes": ["a", "b", "c"]}],
        "imagenes": [ObjectId()],
        "generacion_metadata": {"modelo": "gpt", "tokens": 310, "latencia_ms": 2100, "plantilla": "v1"},
        "estado": "borrador",
        "creado_en": NOW,
    },
    "mcp_servers": {
        "nombre_servidor": "content_generator",
        "tools": [{"nombre": "getContent", "descripcion": "Busca imagenes por significado"}],
        "configuracion": {"despliegue": {"entorno": "local"}, "transporte": "streamable-http"},
        "metricas_uso": {"llamadas": 0, "errores": 0},
        "estado": "activo",
        "creado_en": NOW,
        "actualizado_en": NOW,
    },
    "credenciales_cifradas": {
        "servicio_referencia": "Canva",
        "tipo_credencial": "oauth2_cliente",
        "valor_cifrado": Binary(b"\x01\x02"),
        "algoritmo": "X.509 CMS EnvelopedData, RSA, AES-256-CBC",
        "certificado_id": "0f" * 32,
        "certificado_sujeto": "CN=PromptContent",
        "certificado_serie": "4a1",
        "ultima_rotacion": NOW,
    },
}


@pytest.fixture
def database(engines: Settings) -> Iterator[Database[dict[str, Any]]]:
    client: MongoClient[dict[str, Any]] = connect_mongo(engines.url("mongo")).client
    with client:
        yield client["prueba_init"]
        client.drop_database("prueba_init")


def test_every_collection_of_the_design_is_declared() -> None:
    assert declared_collections().keys() == GOOD.keys()


def test_init_makes_everything_and_twice_changes_nothing(database: Database[dict[str, Any]]) -> None:
    report = init(database)

    assert sorted(report.created) == sorted(GOOD)
    assert not init(database).changed
    assert init(database) == InitReport()


@pytest.mark.parametrize("name", GOOD)
def test_validators_accept_a_good_document(database: Database[dict[str, Any]], name: str) -> None:
    init(database)

    database[name].insert_one(deepcopy(GOOD[name]))

    assert database[name].count_documents({}) == 1


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("imagenes", {"hashtags": []}),
        ("imagenes", {"hashtags": ["sin almohadilla"]}),
        ("imagenes", {"campanas_asociadas": ["12"]}),
        ("imagenes", {"metadata": {**GOOD["imagenes"]["metadata"], "formato": "exe"}}),
        ("imagenes", {"metadata": {**GOOD["imagenes"]["metadata"], "ancho": 0}}),
        ("imagenes", {"actualizado_en": "2026-11-24"}),
        ("servicios_terceros", {"url_base": "ftp://example.com"}),
        ("servicios_terceros", {"autenticacion": {"tipo": "oauth2"}}),
        ("servicios_terceros", {"autenticacion": {"tipo": "api_key", "secreto": "s3cr3t"}}),
        ("servicios_terceros", {"rate_limits": {"por_minuto": 60}}),
        ("servicios_terceros", {"url_base": "http://example.com"}),
        ("servicios_terceros", {"url_base": "https://login:clave@example.com"}),
        ("servicios_terceros", {"url_base": "https://example.com?token=1"}),
        ("servicios_terceros", {"metodos_disponibles": [{"nombre": "m", "verbo": "GET", "ruta": "sin barra"}]}),
        ("servicios_terceros", {"codigos_respuesta": {"exito": [0]}}),
        ("bitacora_solicitudes", {"resultado": "quiza"}),
        ("bitacora_solicitudes", {"tokens_consumidos": -1}),
        ("bitacora_solicitudes", {"response": {"codigo_http": 42, "cuerpo": None}}),
        ("bitacora_solicitudes", {"response": {"codigo_http": 200}}),
        ("bitacora_solicitudes", {"request": {"verbo": "GET", "ruta": "/v1/designs"}}),
        ("bitacora_solicitudes", {"intentos": -1}),
        ("logs_campanas", {"mensajes_poblacion": [{"poblacion": "p", "canal": "c", "mensajes": ["a", "b"]}]}),
        ("logs_campanas", {"estado": "aprobado"}),
        ("logs_campanas", {"estado": "publicado", "aprobado_por": "ana"}),
        ("logs_campanas", {"estado": "aprobado", "aprobado_por": " ", "aprobado_en": NOW}),
        ("logs_campanas", {"aprobado_por": "ana", "aprobado_en": NOW}),
        ("logs_campanas", {"publicado_en": NOW}),
        ("logs_campanas", {"mensajes_poblacion": []}),
        ("logs_campanas", {"id_campana": 12.5}),
        ("mcp_servers", {"tools": []}),
        ("mcp_servers", {"estado": "dormido"}),
        ("credenciales_cifradas", {"valor_cifrado": "en claro"}),
        ("credenciales_cifradas", {"algoritmo": "ROT13"}),
        ("credenciales_cifradas", {"certificado_id": "promptcontent-2026"}),
        *((name, {"campo_desconocido": 1}) for name in GOOD),
    ],
)
def test_validators_refuse_a_bad_document(
    database: Database[dict[str, Any]], name: str, change: dict[str, Any]
) -> None:
    init(database)

    with pytest.raises(WriteError) as refusal:
        database[name].insert_one({**GOOD[name], **change})

    assert refusal.value.code == 121
    assert database[name].count_documents({}) == 0


@pytest.mark.parametrize("name", GOOD)
def test_every_required_field_is_required(database: Database[dict[str, Any]], name: str) -> None:
    init(database)
    required = set(declared_collections()[name]["validator"]["$jsonSchema"]["required"]) - {"_id"}

    assert required <= GOOD[name].keys()
    for field in required:
        with pytest.raises(WriteError):
            database[name].insert_one({key: value for key, value in GOOD[name].items() if key != field})


def test_approval_carries_a_name(database: Database[dict[str, Any]]) -> None:
    init(database)
    inserted = database["logs_campanas"].insert_one(deepcopy(GOOD["logs_campanas"])).inserted_id

    with pytest.raises(WriteError):
        database["logs_campanas"].update_one({"_id": inserted}, {"$set": {"estado": "aprobado"}})
    approval = {"estado": "aprobado", "aprobado_por": "ana", "aprobado_en": NOW}
    database["logs_campanas"].update_one({"_id": inserted}, {"$set": approval})

    assert database["logs_campanas"].count_documents({"estado": "aprobado"}) == 1


def test_names_and_addresses_are_unique(database: Database[dict[str, Any]]) -> None:
    init(database)
    for name in ("imagenes", "servicios_terceros", "mcp_servers", "credenciales_cifradas"):
        database[name].insert_one(deepcopy(GOOD[name]))
        with pytest.raises(DuplicateKeyError):
            database[name].insert_one(deepcopy(GOOD[name]))


def test_images_without_a_vector_do_not_collide(database: Database[dict[str, Any]]) -> None:
    init(database)
    for number, vector in enumerate((None, None, "v-1")):
        image = {"url_imagen": f"https://cdn.example.com/i/{number}.jpeg", "vector_id_pinecone": vector}
        database["imagenes"].insert_one({**GOOD["imagenes"], **image})

    with pytest.raises(DuplicateKeyError):
        database["imagenes"].insert_one(
            {**GOOD["imagenes"], "url_imagen": "https://cdn.example.com/i/9.jpeg", "vector_id_pinecone": "v-1"}
        )


def test_the_request_log_is_kept_90_days(database: Database[dict[str, Any]]) -> None:
    init(database)

    indexes = database["bitacora_solicitudes"].index_information()

    assert indexes["ttl_fecha_90_dias"]["expireAfterSeconds"] == 90 * 24 * 3600


def test_a_changed_collection_comes_back_with_its_documents(database: Database[dict[str, Any]]) -> None:
    init(database)
    images = database["imagenes"]
    images.insert_one(deepcopy(GOOD["imagenes"]))
    database.command("collMod", "imagenes", validator={})
    images.insert_one({"url_imagen": "de otra epoca"})
    images.drop_index("ix_hashtags")
    images.drop_index("ix_categoria_creado_en")
    images.create_index("categoria", name="ix_categoria_creado_en")

    report = init(database)

    assert report.created == []
    assert report.validators == ["imagenes"]
    assert sorted(report.indexes) == ["imagenes.ix_categoria_creado_en", "imagenes.ix_hashtags"]
    assert report.not_conforming == {"imagenes": 1}
    assert images.count_documents({}) == 2
    assert images.index_information()["ix_categoria_creado_en"]["key"] == [("categoria", 1), ("creado_en", -1)]
    assert not init(database).changed


def test_duplicates_that_block_a_unique_index_are_named(database: Database[dict[str, Any]]) -> None:
    database["mcp_servers"].insert_many([{"nombre_servidor": "doble"}, {"nombre_servidor": "doble"}])

    with pytest.raises(MongoSchemaError, match=r"prueba_init\.mcp_servers: error 11000") as failure:
        init(database)

    assert "\n" not in str(failure.value)
    database["mcp_servers"].delete_one({})
    assert "mcp_servers.uq_nombre_servidor" in init(database).indexes
