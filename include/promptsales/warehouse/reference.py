"""Dated values that no source delivers: exchange rates and token tariffs, out of two files in `data/`.

The files are what counts: a refresh brings the tables to what they say, and restates the facts of every value that was
added, corrected or withdrawn. The rates are indicative (a level of January 2026 and a steady yearly drift), not market
data: put your treasury's in their place.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from promptsales.errors import PromptSalesError

REFERENCE_DIR = Path(__file__).resolve().parent / "data"


class ReferenceFileError(PromptSalesError):
    """A reference file is missing, lacks a column, or gives two values for one day."""


@dataclass(frozen=True)
class Reference:
    """A table of dated values.

    Attributes:
        table: its name in `dw`; the file is `<table>.csv`.
        changed: the temporary table that a refresh lists its changes in.
        subject: the column with what the value is of.
        day: the column with the day it holds from.
        value: the column with the value.
    """

    table: str
    changed: str
    subject: str
    day: str
    value: str


REFERENCES = [
    Reference("tipo_cambio", "changed_rates", "moneda", "fecha", "usd_por_unidad"),
    Reference("tarifa_modelo", "changed_tariffs", "modelo", "desde", "usd_por_millon_tokens"),
]


def read(reference: Reference, folder: Path) -> list[dict[str, str]]:
    """The rows of a reference's file.

    Raises:
        ReferenceFileError: no such file, other columns, or two values of one subject and day.
    """
    path = folder / f"{reference.table}.csv"
    columns = [reference.subject, reference.day, reference.value]
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except OSError as error:
        raise ReferenceFileError(f"{path}: {error.strerror}: the refresh needs its dated values.") from error
    if reader.fieldnames != columns:
        raise ReferenceFileError(f"{path.name} must have the columns {', '.join(columns)}.")
    if len({(row[reference.subject], row[reference.day]) for row in rows}) < len(rows):
        raise ReferenceFileError(f"{path.name} gives two values for one {reference.subject} and day.")
    return rows
