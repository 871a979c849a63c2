"""The dated reference values: the files in the repository are complete, and a faulty one is one clear error."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from promptsales.seeding.reference import DATA_DIR
from promptsales.warehouse.reference import REFERENCE_DIR, REFERENCES, ReferenceFileError, read

RATES = REFERENCES[0]


def test_every_currency_that_countries_use_has_a_rate_since_ever() -> None:
    with (DATA_DIR / "paises.csv").open(encoding="utf-8") as file:
        used = {row["moneda"] for row in csv.DictReader(file)}
    rates = read(RATES, REFERENCE_DIR)
    assert used <= {row["moneda"] for row in rates if row["fecha"] == "2000-01-01"}
    assert {row["usd_por_unidad"] for row in rates if row["moneda"] == "USD"} == {"1"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("moneda,dia,usd_por_unidad\n", "must have the columns moneda, fecha, usd_por_unidad"),
        ("moneda,fecha,usd_por_unidad\nMXN,2025-01-01,1\nMXN,2025-01-01,2\n", "two values for one moneda"),
        (None, "No such file"),
    ],
)
def test_a_faulty_file_is_one_clear_error(tmp_path: Path, text: str | None, fault: str) -> None:
    if text is not None:
        (tmp_path / "tipo_cambio.csv").write_text(text)
    with pytest.raises(ReferenceFileError, match=fault):
        read(RATES, tmp_path)
