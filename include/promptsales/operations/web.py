"""The operators' pages over HTTP: an application to be mounted in Airflow's API server."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as AnyHTTPException

from promptsales.errors import PromptSalesError
from promptsales.operations.load_records import read_load, read_run
from promptsales.operations.overview import begin_reading, read_overview
from promptsales.operations.page import Bases, load_page, notice_page, warehouse_page
from promptsales.operations.places import PREFIX

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""Of every page: nothing comes from elsewhere, nobody else frames it, no copy is kept."""

logger = logging.getLogger(__name__)


class _UnreadableError(PromptSalesError):
    """The warehouse could not be read; the text says why."""


def web_app(
    connect: Callable[[], psycopg.Connection[Any]],
    authorise: Callable[..., object],
    paused_dags: Callable[[], Collection[str]],
) -> FastAPI:
    """The application.

    Args:
        connect: opens a connection to the warehouse, whose login may take the role `promptsales_operador`.
        authorise: a dependency that raises HTTPException 401 or 403 for who may not see these pages.
        paused_dags: the DAGs that feed the warehouse and are paused.
    """
    app = FastAPI(title="PromptSales operations", docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/static", StaticFiles(directory=Path(__file__).with_name("static")))
    # Starlette's own too: it refuses what no path and no method of these pages is.
    app.add_exception_handler(AnyHTTPException, _refusal)
    app.add_exception_handler(RequestValidationError, _no_such_page)
    app.add_exception_handler(_UnreadableError, _unreadable)
    allowed = [Depends(authorise)]

    @contextmanager
    def reading() -> Iterator[psycopg.Connection[Any]]:
        try:
            with closing(connect()) as connection:
                begin_reading(connection)
                yield connection
        except (psycopg.Error, PromptSalesError) as error:
            logger.warning("the warehouse could not be read for its page: %s", error)
            raise _UnreadableError(str(error).strip().split("\n")[0]) from error

    @app.get("/warehouse", dependencies=allowed)
    def warehouse(request: Request) -> HTMLResponse:
        with reading() as connection:
            overview = read_overview(connection)
        return _page(warehouse_page(overview, paused_dags(), _bases(request)))

    @app.get("/loads/{load_id}", dependencies=allowed)
    def load(request: Request, load_id: int) -> HTMLResponse:
        with reading() as connection:
            record = read_load(connection, load_id)
        if record is None:
            raise HTTPException(404, f"There is no load {load_id}.")
        return _page(load_page(record, _bases(request)))

    @app.get("/runs/{source}/{table}/{run_id:path}", dependencies=allowed)
    def run(request: Request, source: str, table: str, run_id: str) -> HTMLResponse:
        if "\0" in source + table + run_id:
            # PostgreSQL would refuse the question, and the page say that it does not answer.
            raise HTTPException(404, "There is no such run.")
        with reading() as connection:
            record = read_run(connection, source, table, run_id)
        return _page(load_page(record, _bases(request)))

    return app


def _page(html: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(html, status, HEADERS)


def _bases(request: Request) -> Bases:
    root = str(request.scope.get("root_path", ""))
    return Bases(page=root, airflow=root.removesuffix(PREFIX))


def _refusal(request: Request, error: Exception) -> HTMLResponse:
    assert isinstance(error, AnyHTTPException)
    heading, todo = {
        401: ("Not signed in", "Sign in to Airflow, then open this page again."),
        # Airflow says 403 of a login of before its key was changed, too.
        403: (
            "Not allowed",
            "Sign in to Airflow again. If that changes nothing, ask whoever runs Airflow for the right to see cluster "
            "activity.",
        ),
    }.get(error.status_code, ("Not found", "Open it from the page Warehouse, or from the task that made it."))
    html = notice_page("Warehouse", "Why is there nothing here?", heading, str(error.detail), todo, _bases(request))
    return _page(html, error.status_code)


def _no_such_page(request: Request, error: Exception) -> HTMLResponse:
    return _refusal(request, HTTPException(404, "There is no such page."))


def _unreadable(request: Request, error: Exception) -> HTMLResponse:
    todo = (
        "Check that PostgreSQL runs and that Airflow's connection promptsales_postgres names it; after an upgrade, run "
        "promptsales db init. Nothing is lost while it is away: loads go on from where they were."
    )
    html = notice_page("Warehouse", "Is the warehouse fresh?", "Unknown", str(error), todo, _bases(request))
    return _page(html, 503)
