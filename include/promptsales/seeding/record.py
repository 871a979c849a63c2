"""`dbo.siembra`: what a SQL Server database was seeded with, and which of its tables are complete."""

from __future__ import annotations

from datetime import date

import pymssql

from promptsales.seeding.plan import PlanError, SeedPlan

_COMPLETE = "completa:"


def recorded_plan(connection: pymssql.Connection) -> SeedPlan | None:
    """The plan that this database was seeded with, or began to be; None when it never was."""
    values = _values(connection)
    if "semilla" not in values:
        return None
    return SeedPlan(
        as_of=date.fromisoformat(values["fecha_corte"]),
        scale=float(values["escala"]),
        seed=int(values["semilla"]),
        peak_month=int(values["mes_pico"]),
    )


def record_plan(connection: pymssql.Connection, plan: SeedPlan, database: str) -> None:
    """Record `plan`, or check that it is what was recorded before.

    Args:
        connection: to the database.
        plan: what is to be seeded.
        database: its name, for the error.

    Raises:
        PlanError: another plan is recorded.
    """
    recorded = recorded_plan(connection)
    if recorded is None:
        parameters = {
            "fecha_corte": str(plan.as_of),
            "escala": repr(plan.scale),
            "semilla": str(plan.seed),
            "mes_pico": str(plan.peak_month),
        }
        rows = ", ".join(f"(N'{name}', N'{value}')" for name, value in parameters.items())
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO dbo.siembra (parametro, valor) VALUES {rows}")  # noqa: S608 - own values
    elif recorded != plan:
        raise PlanError(
            f"{database} was seeded with {options(recorded)}; seeding it with {options(plan)} would mix two data sets. "
            "Run `promptsales seed` with the first ones, or seed an empty database "
            "(local engines: `promptsales local down --purge`, then `up` and `db init`)."
        )


def options(plan: SeedPlan) -> str:
    """`plan` as options of `promptsales seed`."""
    return f"--scale {plan.scale:g} --seed {plan.seed} --as-of {plan.as_of} --peak-month {plan.peak_month}"


def complete_tables(connection: pymssql.Connection) -> set[str]:
    """The tables (and collections of MongoDB) that hold all their seeded rows, or did before later changes."""
    return {name.removeprefix(_COMPLETE) for name in _values(connection) if name.startswith(_COMPLETE)}


def mark_complete(connection: pymssql.Connection, table: str, rows: int) -> None:
    """Note that `table` has all its `rows`: a later seeding leaves it alone, whatever was changed in it since.

    Another seeding, at work on the same collection, may have noted it already.
    """
    missing = """
        INSERT INTO dbo.siembra (parametro, valor)
        SELECT %(name)s, %(rows)s
        WHERE NOT EXISTS (SELECT 1 FROM dbo.siembra WHERE parametro = %(name)s)
    """
    with connection.cursor() as cursor:
        cursor.execute(missing, {"name": f"{_COMPLETE}{table}", "rows": str(rows)})


def _values(connection: pymssql.Connection) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT parametro, valor FROM dbo.siembra")
        return {str(name): str(value) for name, value in cursor.fetchall()}
