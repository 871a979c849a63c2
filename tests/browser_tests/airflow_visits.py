"""A running Airflow as its API tells of it, and someone who has signed in to it with a browser."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from promptsales.connections import Connections
from promptsales.local.airflow import ADMINISTRATOR
from promptsales.paths import PROJECT_ROOT

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, FrameLocator, Page

SCALE = 0.004
"""Of the sources' data."""

SCREENSHOTS = PROJECT_ROOT / ".local" / "screenshots"

WAIT_SECONDS = 900
"""On a machine that does much else; ten times what a free one takes."""


@dataclass(frozen=True)
class Platform:
    """Airflow with its API, and what lies below it.

    Attributes:
        url: Airflow's.
        password: of its one user.
        etl: connections of the ETL's logins.
        owner: connections of the logins that own the schemas.
    """

    url: str
    password: str
    etl: Connections
    owner: Connections

    def api(self, path: str) -> dict[str, Any]:
        """An answer of Airflow's API."""
        credentials = {"username": ADMINISTRATOR, "password": self.password}
        login = httpx.post(f"{self.url}/auth/token", json=credentials, timeout=60).raise_for_status()
        header = {"Authorization": f"Bearer {login.json()['access_token']}"}
        answer: dict[str, Any] = httpx.get(f"{self.url}/api/v2/{path}", headers=header, timeout=60).json()
        return answer

    def wait_for_run(self, dag_id: str, *states: str) -> dict[str, Any]:
        """The newest run of a DAG in one of these states, once there is one."""
        end = time.monotonic() + WAIT_SECONDS
        while True:
            runs = self.api(f"dags/{dag_id}/dagRuns?order_by=-run_after")["dag_runs"]
            if found := [run for run in runs if run["state"] in states]:
                run: dict[str, Any] = found[0]
                return run
            assert time.monotonic() < end, f"{dag_id}: {[run['state'] for run in runs]}"
            time.sleep(2)


@dataclass(frozen=True)
class Visit:
    """Someone who has signed in to Airflow."""

    platform: Platform
    page: Page

    def open_warehouse(self) -> FrameLocator:
        """Through the navigation, as people do."""
        self.page.get_by_role("link", name="Warehouse").first.click()
        frame = self.page.frame_locator("iframe")
        frame.locator("#verdict").wait_for()
        return frame

    def keep(self, name: str) -> None:
        """A screenshot, for people to look at."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


def sign_in(platform: Platform, context: BrowserContext) -> None:
    """Fill Airflow's own form."""
    page = context.new_page()
    page.goto(platform.url)
    page.get_by_label("Username").fill(ADMINISTRATOR)
    page.locator("input[type=password]").fill(platform.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Warehouse").first.wait_for()
