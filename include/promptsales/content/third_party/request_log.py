"""`bitacora_solicitudes`: one document a call, with both bodies whole and every secret out of them."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo.database import Database
from pymongo.errors import PyMongoError

from promptsales.connections import mongodb_message
from promptsales.content.third_party.http import Answer
from promptsales.security.redaction import Redactor

MAX_LOGGED_BODY = 4 * 1024 * 1024
"""Bytes of JSON. MongoDB takes 16 MB a document; a larger body is kept as the beginning of its text."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Call:
    """What was asked of a service, before secrets are added."""

    service: str
    method: str
    verb: str
    path: str
    parameters: Mapping[str, str]
    body: Any
    user: str


def record_call(
    database: Database[dict[str, Any]],
    redactor: Redactor,
    call: Call,
    answer: Answer,
    attempts: int,
    milliseconds: float,
    moment: datetime,
) -> None:
    """Write the call's document.

    A database that does not take it is a warning and no error: the call is done, and whoever made it must not make
    it again.
    """
    document = {
        "servicio_utilizado": call.service,
        "metodo": call.method,
        "request": {
            "verbo": call.verb,
            "ruta": redactor.text(call.path),
            "parametros": redactor.value(dict(call.parameters)),
            "cuerpo": _body(redactor, call.body),
        },
        "response": {
            "codigo_http": answer.status,
            "cabeceras": redactor.value(dict(answer.headers)),
            "cuerpo": _body(redactor, answer.body),
            "error": answer.problem or None,
        },
        "resultado": answer.result,
        "intentos": attempts,
        "usuario": call.user,
        "tiempo_respuesta_ms": round(milliseconds, 1),
        "tokens_consumidos": _tokens(answer.body),
        "fecha": moment,
    }
    try:
        database["bitacora_solicitudes"].insert_one(document)
    except PyMongoError as error:
        _logger.warning(
            "bitacora_solicitudes: %s %s is not logged: %s", call.service, call.method, mongodb_message(error)
        )


def _body(redactor: Redactor, body: Any) -> Any:
    clean = redactor.value(body)
    if clean is None or isinstance(clean, dict | list | str):
        text = clean if isinstance(clean, str) else json.dumps(clean, ensure_ascii=False)
        return text[: MAX_LOGGED_BODY // 4] if len(text) > MAX_LOGGED_BODY // 4 else clean
    # A JSON number or boolean by itself: the collection takes objects, arrays and text.
    return json.dumps(clean)


def _tokens(body: Any) -> int:
    """What a language model's answer says it used: `usage.total_tokens`, as OpenAI's API has it."""
    usage = body.get("usage") if isinstance(body, dict) else None
    total = usage.get("total_tokens") if isinstance(usage, dict) else None
    return total if isinstance(total, int) and 0 <= total < 2**31 else 0
