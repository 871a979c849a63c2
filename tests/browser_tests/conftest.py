"""A whole Airflow over seeded local engines, and a browser that looks at it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow_visits import SCALE, Platform, Visit, sign_in

from promptsales.connections import from_settings
from promptsales.database.initialise import initialise
from promptsales.local import airflow, services
from promptsales.local.engines import down, environment, up
from promptsales.local.process import HOST, pick_port
from promptsales.local.state import load_passwords
from promptsales.seeding.plan import SeedPlan
from promptsales.seeding.seed import seed_all
from promptsales.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTH, HEIGHT = 1280, 800

STEP_MS = 120_000
"""How long one step of a visit may take, on a machine that does much else."""

# Root may not use Chromium's sandbox; what else it does by itself needs a network.
OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser, for no longer than it is looked through: in its thread an event loop runs, and no other can."""
    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"needs Chromium: none of {', '.join(BROWSERS)} is installed (Debian: apt-get install chromium)")
    reason = "needs Playwright: `make test-browser` installs it"
    playwright = pytest.importorskip("playwright.sync_api", reason=reason)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def platform(chromium: Browser) -> Iterator[Platform]:
    """Airflow on seeded sources, every DAG cycling; all of it is gone in the end."""
    folder = Path(tempfile.mkdtemp(prefix="promptsales-"))
    try:
        up(folder)
        settings = Settings.model_validate(environment(folder))
        owner = from_settings(settings, admin=True)
        initialise(settings)
        seed_all(owner, SeedPlan(as_of=date(2025, 10, 22), scale=SCALE))
        airflow.migrate(folder)
        port = pick_port(None)
        with services.running(folder, airflow.components(folder, port)):
            password = load_passwords(folder)["administrator"]
            yield Platform(f"http://{HOST}:{port}", password, from_settings(settings), owner)
    finally:
        down(folder)
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def cookies(platform: Platform, chromium: Browser) -> Any:
    """What a browser keeps of a user who has signed in."""
    context = new_context(chromium)
    sign_in(platform, context)
    kept = context.storage_state()
    context.close()
    return kept


@pytest.fixture
def visit(platform: Platform, chromium: Browser, cookies: Any) -> Iterator[Visit]:
    """A visit with the system's light theme."""
    yield from visited(platform, new_context(chromium, storage_state=cookies, color_scheme="light"))


@pytest.fixture
def dark_visit(platform: Platform, chromium: Browser, cookies: Any) -> Iterator[Visit]:
    """A visit with the system's dark theme."""
    yield from visited(platform, new_context(chromium, storage_state=cookies, color_scheme="dark"))


def new_context(chromium: Browser, **options: Any) -> BrowserContext:
    """A browser of its own, on a laptop's screen."""
    context = chromium.new_context(viewport={"width": WIDTH, "height": HEIGHT}, **options)
    context.set_default_timeout(STEP_MS)
    return context


def visited(platform: Platform, context: BrowserContext) -> Iterator[Visit]:
    """Airflow's home, until the test ends."""
    page = context.new_page()
    page.goto(platform.url)
    yield Visit(platform, page)
    context.close()
