"""The checks as `pipelines/quality/checks.yaml` declares them, each able to say which SQL finds what is wrong."""

from __future__ import annotations

from abc import abstractmethod
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from psycopg import sql
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from promptsales.etl import sql as etl_sql
from promptsales.etl.spec import Identifier, SpecError, load_pipelines, pipeline_of
from promptsales.paths import PIPELINES_DIR

CHECKS_FILE = PIPELINES_DIR / "quality" / "checks.yaml"

TableName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
ColumnName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]

statement = partial(etl_sql.statement, package="promptsales.quality.sql")


class _Check(BaseModel):
    """What every check has.

    Attributes:
        name: in `ops.quality_results`, and in the task's error.
        severity: whether a failure fails the task.
        where: of a table, only these rows; SQL, and trusted as the file is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Identifier
    severity: Literal["error", "warning"] = "error"
    where: str = "TRUE"

    @abstractmethod
    def wrong(self) -> sql.Composable:
        """A query whose rows, each one `jsonb`, are what is wrong."""

    def _condition(self) -> sql.SQL:
        # The file is part of the program, as the SQL files are.
        return sql.SQL(self.where)


class NotNull(_Check):
    """Every row has a value in every one of these columns."""

    kind: Literal["not_null"]
    table: TableName
    columns: list[Identifier] = Field(min_length=1)

    def wrong(self) -> sql.Composable:
        """Rows that lack one, by key: results outlive the row, and logs show them."""
        missing = [sql.SQL("{} IS NULL").format(sql.Identifier(name)) for name in self.columns]
        named = [
            sql.SQL("CASE WHEN {} THEN {} END").format(is_missing, sql.Literal(name))
            for name, is_missing in zip(self.columns, missing, strict=True)
        ]
        return statement("not_null").format(
            table=_table(self.table),
            key=_key_columns(self.table),
            named=sql.SQL(", ").join(named),
            missing=sql.SQL(" OR ").join(missing),
            condition=self._condition(),
        )


class Unique(_Check):
    """No two rows have the same values in these columns."""

    kind: Literal["unique"]
    table: TableName
    columns: list[Identifier] = Field(min_length=1)

    def wrong(self) -> sql.Composable:
        """Values that more rows than one have."""
        columns = sql.SQL(", ").join(map(sql.Identifier, self.columns))
        return statement("unique").format(table=_table(self.table), columns=columns, condition=self._condition())


class AcceptedValues(_Check):
    """A column has only these values, or none."""

    kind: Literal["accepted_values"]
    table: TableName
    column: Identifier
    values: list[str] = Field(min_length=1)

    def wrong(self) -> sql.Composable:
        """Other values."""
        return statement("accepted_values").format(
            table=_table(self.table),
            column=sql.Identifier(self.column),
            accepted=sql.Literal(self.values),
            condition=self._condition(),
        )


class InRange(_Check):
    """A column's values are within bounds, both included."""

    kind: Literal["in_range"]
    table: TableName
    column: Identifier
    minimum: float | None = None
    maximum: float | None = None

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        if self.minimum is None and self.maximum is None:
            raise ValueError("give a minimum or a maximum")
        return self

    def wrong(self) -> sql.Composable:
        """Values out of bounds."""
        return statement("in_range").format(
            table=_table(self.table),
            key=_key_columns(self.table),
            column=sql.Identifier(self.column),
            minimum=sql.Literal(self.minimum),
            maximum=sql.Literal(self.maximum),
            condition=self._condition(),
        )


class Referential(_Check):
    """What a column refers to is there."""

    kind: Literal["referential"]
    table: TableName
    column: Identifier
    references: ColumnName

    def wrong(self) -> sql.Composable:
        """References that lead nowhere."""
        schema, table, column = self.references.split(".")
        return statement("referential").format(
            table=_table(self.table),
            column=sql.Identifier(self.column),
            other=sql.Identifier(schema, table),
            other_column=sql.Identifier(column),
            condition=self._condition(),
        )


class Freshness(_Check):
    """Each of a source's tables was loaded within so many minutes."""

    kind: Literal["freshness"]
    source: Literal["promptads", "promptcrm", "promptcontent"]
    minutes: int = Field(ge=1)

    def wrong(self) -> sql.Composable:
        """Tables that were not."""
        return statement("freshness").format(
            source=sql.Literal(self.source),
            tables=sql.Literal([table.name for table in pipeline_of(self.source).tables]),
            minutes=sql.Literal(self.minutes),
        )


class NoRows(_Check):
    """A query of its own finds nothing."""

    kind: Literal["no_rows"]
    query: Identifier

    @field_validator("query")
    @classmethod
    def _has_a_file(cls, query: str) -> str:
        if not files("promptsales.quality.sql").joinpath(f"{query}.sql").is_file():
            raise ValueError(f"there is no file {query}.sql in promptsales/quality/sql/")
        return query

    def wrong(self) -> sql.Composable:
        """What it finds."""
        return statement(self.query)


Check = Annotated[
    NotNull | Unique | AcceptedValues | InRange | Referential | Freshness | NoRows, Field(discriminator="kind")
]


class _CheckFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    checks: list[Check] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_single(self) -> Self:
        names = [check.name for check in self.checks]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"check {', '.join(repeated)} is declared twice")
        return self


def parse_checks(path: Path) -> list[Check]:
    """Read and validate a file of checks.

    Raises:
        SpecError: naming the file and every fault in it.
    """
    try:
        return _CheckFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))).checks
    except FileNotFoundError as error:
        raise SpecError(f"no checks at {path}.") from error
    except yaml.YAMLError as error:
        raise SpecError(f"{path.name} is not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'file'}: {fault['msg']}" for fault in error.errors()
        )
        raise SpecError(f"{path.name} does not declare checks: {faults}") from error


@cache
def load_checks() -> list[Check]:
    """The checks of the platform.

    Raises:
        SpecError: the file is not valid.
    """
    return parse_checks(CHECKS_FILE)


def _key_columns(table: str) -> sql.Composable:
    """What names a row, each column with a comma behind it: the key of a mirror; nothing for other tables."""
    mirrors = {f"{each.target_schema}.{one.name}": one.key for each in load_pipelines().values() for one in each.tables}
    return sql.Composed([sql.SQL("{}, ").format(sql.Identifier(name)) for name in mirrors.get(table, [])])


def _table(name: str) -> sql.Identifier:
    return sql.Identifier(*name.split("."))
