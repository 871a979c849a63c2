"""The pictures of documentation/TOUR.md, taken of a platform that `make up` runs: python deployment/screenshots.py

It signs in as the local administrator, looks at the pages as people do, and changes nothing. Needs Chromium and the
packages of the group `browser`.
"""

from __future__ import annotations

import argparse
import html
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SIZE = {"width": 1280, "height": 800}
PATIENCE_MS = 180_000
SETTLE_MS = 3_000
"""Graphs are laid out, and charts drawn, a moment after their page is there."""

# Root may not use Chromium's sandbox; what else it does by itself needs a network.
OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

CALL = [
    "promptsales", "mcp", "call", "sales_dashboard", "querySales",
    "--arg", "metric=revenue_usd", "--arg", 'by=["country"]', "--arg", "limit=3",
]  # fmt: skip

TERMINAL = """
<body style="margin:0;background:#1e1e1e;color:#ddd;font:13px/1.45 monospace"><pre style="padding:16px;margin:0">{}</pre></body>
"""  # noqa: E501


def main() -> None:
    """Take every picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="Airflow's UI")
    parser.add_argument("--local-dir", type=Path, default=ROOT / ".local", help="where `make up` keeps its password")
    parser.add_argument("--output", type=Path, default=ROOT / "documentation" / "images")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    password_file = options.local_dir / "admin.password"
    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if program is None:
        sys.exit(f"none of {', '.join(BROWSERS)} is installed")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=OPTIONS)
        page = sign_in(browser, options.url, password_file.read_text(encoding="utf-8").strip())
        for name, show in PICTURES.items():
            show(page, options.url)
            page.wait_for_timeout(SETTLE_MS)
            page.screenshot(path=options.output / f"{name}.png")
            print(options.output / f"{name}.png")
        page.set_viewport_size({"width": 900, "height": 640})
        page.set_content(TERMINAL.format(html.escape(answer(options.local_dir, password_file))))
        page.screenshot(path=options.output / "mcp-answer.png", full_page=True)


def sign_in(browser: Browser, url: str, password: str) -> Page:
    """A page of somebody who has filled Airflow's own form."""
    page = browser.new_context(viewport=SIZE).new_page()  # type: ignore[arg-type]
    page.set_default_timeout(PATIENCE_MS)
    page.goto(url)
    page.get_by_label("Username").fill("admin")
    page.locator("input[type=password]").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("Welcome").first.wait_for()
    return page


def home(page: Page, url: str) -> None:
    """Airflow's first page."""
    page.goto(url)
    page.get_by_text("Asset Events").first.wait_for()


def warehouse(page: Page, url: str) -> None:
    """The plugin's page, through the navigation."""
    page.goto(url)
    page.get_by_role("link", name="Warehouse").first.click()
    page.frame_locator("iframe").locator("#verdict").wait_for()


def graph(page: Page, url: str) -> None:
    """A source's DAG as a graph."""
    page.goto(f"{url}/dags/etl_promptcrm")
    page.get_by_role("button", name="Show Graph").click()
    page.get_by_text("consentimientos").first.wait_for()


def trigger_form(page: Page, url: str) -> None:
    """The form of a DAG that people trigger."""
    page.goto(f"{url}/dags/seed_databases")
    page.get_by_role("button", name="Trigger").first.click()
    page.get_by_text("Third peak month").first.wait_for()


def assets(page: Page, url: str) -> None:
    """What feeds the star schema, from the sources on."""
    page.goto(f"{url}/assets?name_pattern={STAR_SCHEMA}")
    page.get_by_role("link", name=STAR_SCHEMA, exact=True).first.click()
    page.get_by_role("button", name="Scheduling").wait_for()


STAR_SCHEMA = "Star schema: dw"

PICTURES: dict[str, Callable[[Page, str], None]] = {
    "airflow-home": home,
    "warehouse": warehouse,
    "etl-graph": graph,
    "asset-graph": assets,
    "trigger-form": trigger_form,
}


def answer(local_dir: Path, password_file: Path) -> str:
    """A terminal in which an MCP server is asked."""
    commands = ROOT / ".venv" / "bin"
    shell = {**os.environ, "PROMPTSALES_LOCAL_DIR": str(local_dir), "PATH": f"{commands}:{os.environ['PATH']}"}
    script = (
        'eval "$(promptsales local env)"; '
        f"PROMPTSALES_MCP_TOKEN=$(promptsales sso token admin --password-stdin < {password_file}) "
        '"$@"'
    )
    shown = subprocess.run(["bash", "-c", script, "-", *CALL], env=shell, capture_output=True, text=True, check=True)
    call = " ".join(f"'{word}'" if '"' in word else word for word in CALL)
    return f"$ {call}\n{shown.stdout}"


if __name__ == "__main__":
    main()
