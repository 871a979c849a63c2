"""The scripts that run sqlcmd: it gets a value for each variable that its file names."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from promptsales.paths import PROJECT_ROOT

BACKUP = PROJECT_ROOT / "deployment" / "backup"

CRON_JOB = {
    "DATABASE": "PromptAds",
    "BACKUP_FOLDER": "/var/opt/mssql/backup",
    "BACKUP_DAYS": "30",
    "BACKUP_PASSWORD": "a password",
}
"""What the chart's CronJobs set."""


@pytest.mark.parametrize(
    ("script", "arguments", "file"),
    [
        ("backup_sqlserver.sh", ["DATABASE"], "sqlserver_backup.sql"),
        ("backup_sqlserver.sh", ["LOG"], "sqlserver_backup.sql"),
        ("restore_sqlserver.sh", [], "sqlserver_restore.sql"),
        ("restore_sqlserver.sh", ["/var/opt/mssql/backup/PromptAds.bak"], "sqlserver_restore.sql"),
    ],
)
def test_every_variable_has_a_value(script: str, arguments: list[str], file: str, tmp_path: Path) -> None:
    # In sqlcmd's place: what it would be given. Without a value a variable is undefined to it, and ends the run.
    program = tmp_path / "sqlcmd"
    program.write_text("#!/bin/sh\nexec env\n", encoding="utf-8")
    program.chmod(0o755)
    done = subprocess.run(
        ["bash", str(BACKUP / script), *arguments],
        env={"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", **CRON_JOB},
        capture_output=True,
        text=True,
        check=True,
    )
    given = dict(line.split("=", 1) for line in done.stdout.splitlines())
    named = set(re.findall(r"\$\((\w+)\)", (BACKUP / file).read_text(encoding="utf-8")))
    assert named
    assert {name for name in named if not given.get(name)} == set()
