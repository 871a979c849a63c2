"""Pipeline specs: the YAML files that declare which source table feeds which warehouse table."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from promptsales.errors import PromptSalesError
from promptsales.paths import PIPELINES_DIR

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
ColumnType = Annotated[
    str,
    StringConstraints(
        pattern=r"^(text|smallint|integer|bigint|boolean|double precision|date|timestamp|timestamptz|uuid|bytea|jsonb"
        r"|numeric(\(\d{1,2}, ?\d{1,2}\))?)$"
    ),
]
"""PostgreSQL's own names: what the mirror's column is declared as."""

NEVER_EXPORTED = "credenciales_cifradas"

PAGEABLE_KEYS = {"smallint", "integer", "bigint", "text"}
"""Types that a SQL Server table's key may have: a position holds its values as JSON and compares them there."""


class SpecError(PromptSalesError):
    """A pipeline spec is missing, is not valid, or does not fit its source."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnSpec(_Strict):
    """One exported column.

    Attributes:
        name: its name in the mirror and, for SQL Server, in the source view.
        type: its PostgreSQL type in the mirror.
        path: for MongoDB, the dotted path in the document; the name where not given.
    """

    name: Identifier
    type: ColumnType
    path: str | None = None

    @property
    def source_path(self) -> str:
        """Where the value is in a source document."""
        return self.path or self.name


class TableSpec(_Strict):
    """One source table and its mirror."""

    name: Identifier
    source: str
    description: str
    key: list[Identifier] = Field(min_length=1)
    columns: list[ColumnSpec] = Field(min_length=1)

    @model_validator(mode="after")
    def _key_and_columns_agree(self) -> Self:
        names = [column.name for column in self.columns]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"table {self.name}: column {', '.join(repeated)} is declared twice")
        if missing := [name for name in self.key if name not in names]:
            raise ValueError(f"table {self.name}: key column {', '.join(missing)} is not among its columns")
        if self.source == NEVER_EXPORTED:
            raise ValueError(f"table {self.name}: {NEVER_EXPORTED} never leaves MongoDB")
        return self

    @property
    def column_names(self) -> list[str]:
        """The mirror's columns, in the order rows carry them."""
        return [column.name for column in self.columns]

    @property
    def key_columns(self) -> list[ColumnSpec]:
        """The columns of the key, in key order."""
        by_name = {column.name: column for column in self.columns}
        return [by_name[name] for name in self.key]


class PipelineSpec(_Strict):
    """Every exported table of one source."""

    source: Literal["promptads", "promptcrm", "promptcontent"]
    engine: Literal["sqlserver", "mongodb"]
    target_schema: Identifier
    tables: list[TableSpec] = Field(min_length=1)

    @model_validator(mode="after")
    def _tables_fit_the_engine(self) -> Self:
        names = [table.name for table in self.tables]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"table {', '.join(repeated)} is declared twice")
        for table in self.tables:
            if self.engine == "sqlserver" and not re.fullmatch(r"etl\.[a-z][a-z0-9_]*", table.source):
                raise ValueError(f"table {table.name}: source must be a view of the etl schema, not {table.source}")
            if self.engine == "sqlserver" and (wrong := {c.type for c in table.key_columns} - PAGEABLE_KEYS):
                raise ValueError(
                    f"table {table.name}: a key cannot be {', '.join(sorted(wrong))}; use whole numbers or text"
                )
            if self.engine == "sqlserver" and any(column.path for column in table.columns):
                raise ValueError(f"table {table.name}: path is for MongoDB documents only")
        return self

    def table(self, name: str) -> TableSpec:
        """The spec of one table.

        Raises:
            SpecError: the pipeline declares no such table.
        """
        for table in self.tables:
            if table.name == name:
                return table
        known = ", ".join(table.name for table in self.tables)
        raise SpecError(f"{self.source} has no table {name!r}; its spec declares {known}.")


def parse_pipeline(path: Path) -> PipelineSpec:
    """Read and validate one spec file.

    Raises:
        SpecError: naming the file and every fault in it.
    """
    try:
        # libyaml's: every DAG file reads the specs, and the one in Python is ten times slower.
        content = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
        return PipelineSpec.model_validate(content)
    except FileNotFoundError as error:
        raise SpecError(f"no pipeline spec at {path}.") from error
    except yaml.YAMLError as error:
        raise SpecError(f"{path.name} is not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'file'}: {fault['msg']}" for fault in error.errors()
        )
        raise SpecError(f"{path.name} is not a valid pipeline spec: {faults}") from error


@cache
def load_pipelines() -> dict[str, PipelineSpec]:
    """Every pipeline under `pipelines/`, by source name.

    Raises:
        SpecError: a file is not valid.
    """
    pipelines = (parse_pipeline(path) for path in sorted(PIPELINES_DIR.glob("*.yaml")))
    return {pipeline.source: pipeline for pipeline in pipelines}


def pipeline_of(source: str) -> PipelineSpec:
    """The pipeline of one source.

    Raises:
        SpecError: there is none, or a spec file is not valid.
    """
    pipelines = load_pipelines()
    if source not in pipelines:
        raise SpecError(f"no pipeline for source {source!r}; there are {', '.join(pipelines)}.")
    return pipelines[source]
