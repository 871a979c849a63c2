"""Schema files that are applied in order and recorded by their hash: what SQL Server and PostgreSQL have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import monotonic

from promptsales.errors import PromptSalesError
from promptsales.paths import PROJECT_ROOT


class MigrationError(PromptSalesError):
    """A schema file could not be applied; the files before it are in place and recorded."""


@dataclass(frozen=True)
class Migration:
    """A schema file as it is now.

    Attributes:
        name: what identifies it in the record: its file name, after its folder's where that is not `schema`.
        path: as errors name it.
        text: its contents.
        sha256: of the file's bytes, in hexadecimal.
    """

    name: str
    path: str
    text: str
    sha256: str


@dataclass(frozen=True)
class Outcome:
    """What `db init` did to one target.

    Attributes:
        target: engine and database, as a person reads it.
        applied: what was missing or had changed, and was applied.
        already: how many things were there as declared.
        seconds: wall time.
        notes: what a person should know, though nothing failed.
    """

    target: str
    applied: list[str]
    already: int
    seconds: float
    notes: tuple[str, ...] = ()


def read_migrations(folder: Path, prefix: str = "") -> list[Migration]:
    """The `*.sql` files of `folder`, in the order of their names.

    Args:
        folder: of the files.
        prefix: put before each file's name, where one record keeps the files of several folders.

    Raises:
        MigrationError: the folder holds none.
    """
    paths = sorted(folder.glob("*.sql"))
    if not paths:
        raise MigrationError(f"no schema files in {folder}: run from a complete checkout of the project.")
    return [_read(path, prefix) for path in paths]


def read_database_migrations(home: Path) -> list[Migration]:
    """The files of a database: its schema, then its procedures, whose names begin with their folder's.

    Other folders are not among them: an administrator of the server runs their scripts, or whoever has the question.

    Args:
        home: the database's folder under `database/`.

    Raises:
        MigrationError: one of the two folders holds no file.
    """
    return [*read_migrations(home / "schema"), *read_migrations(home / "procedures", "procedures/")]


def apply_pending(
    target: str,
    migrations: list[Migration],
    recorded: Mapping[str, str],
    apply: Callable[[Migration], None],
) -> Outcome:
    """Apply, in order, each migration whose recorded hash is not its own.

    Args:
        target: as a person reads it.
        migrations: every file of the target.
        recorded: hash by file name, of what was applied before.
        apply: runs one file and records it.
    """
    start = monotonic()
    pending = [migration for migration in migrations if recorded.get(migration.name) != migration.sha256]
    for migration in pending:
        apply(migration)
    return Outcome(
        target=target,
        applied=[migration.name for migration in pending],
        already=len(migrations) - len(pending),
        seconds=monotonic() - start,
    )


def failure(target: str, migration: Migration, line: int | None, message: str) -> MigrationError:
    """The error of a file the server refused: `line` is the file's, None where the server gave none."""
    place = f"{migration.path}, line {line}" if line else migration.path
    return MigrationError(f"{target}: {place}: {message.rstrip('.')}. Correct it and run `promptsales db init` again.")


def _read(path: Path, prefix: str) -> Migration:
    content = path.read_bytes()
    return Migration(
        name=prefix + path.name,
        path=str(path.relative_to(PROJECT_ROOT) if path.is_relative_to(PROJECT_ROOT) else path),
        text=content.decode(),
        sha256=sha256(content).hexdigest(),
    )
