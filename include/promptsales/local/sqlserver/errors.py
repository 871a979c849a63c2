"""SQL Server's error numbers and sentences for what PostgreSQL reports."""

from __future__ import annotations

import re
from collections.abc import Sequence

import psycopg
from pysqlbridge.tds.result import QueryError

DEADLOCK = 1205
UPDATE_CONFLICT = 3960
CANCELLED = 3617

ENDS_TRANSACTION = frozenset({DEADLOCK, UPDATE_CONFLICT})
"""Errors after which SQL Server has rolled the whole transaction back."""

ENDS_STATEMENT_ONLY = frozenset({515, 547, 1222, 2627, 2628, 8115, 8134})
"""Errors after which SQL Server goes on with the next statement of the batch."""

_SEVERITIES = {DEADLOCK: 13, 229: 14, 2627: 14, 4060: 11, 18456: 14, 102: 15, 105: 15, 40510: 15, 40517: 15}

_NEEDS_SQL_SERVER = "This is the PromptSales stand-in, which does not run it: it needs SQL Server."


def sql_error(number: int, text: str) -> QueryError:
    """The error as pysqlbridge raises and writes it, with the severity SQL Server gives that number."""
    return QueryError(text, number=number, severity=_SEVERITIES.get(number, 16))


def not_supported(what: str) -> QueryError:
    """40510: a statement that only SQL Server runs."""
    return sql_error(40510, f"Statement '{what}' is not supported here. {_NEEDS_SQL_SERVER}")


def option_not_supported(what: str) -> QueryError:
    """40517: a keyword, function or hint that only SQL Server knows."""
    return sql_error(40517, f"Keyword or statement option '{what}' is not supported here. {_NEEDS_SQL_SERVER}")


def no_procedure(name: str) -> QueryError:
    """2812: any EXEC."""
    return sql_error(2812, f"Could not find stored procedure '{name}'. {_NEEDS_SQL_SERVER}")


def from_postgres(
    error: psycopg.Error, *, sql: str, verb: str, objects: Sequence[tuple[str, str]], database: str
) -> QueryError:
    """What SQL Server would say where PostgreSQL said `error`.

    Args:
        error: as psycopg raised it.
        sql: the T-SQL statement, for names as the client wrote them.
        verb: its first word, in capitals.
        objects: the (schema, name) pairs the statement mentions.
        database: the database's name.
    """
    diag, state = error.diag, error.sqlstate or ""
    message = (diag.message_primary or str(error)).strip()
    schema, denied = _denied(message, objects)
    # PostgreSQL names the subject in quotes, or alone: column t.x does not exist.
    subject = re.search(r'"([^"]*)"', message) or re.match(r"column (\S+) does", message)
    key = re.search(r"=(\(.*\)) already exists", diag.message_detail or "", re.DOTALL)
    conversion = re.match(r"invalid input syntax for type ([^:]+)", message)
    if state == "42P01" and message.startswith(("missing FROM", "invalid reference")):
        state = "unbound"
    elif state == "22P02" and conversion and conversion[1] in _CONVERSIONS:
        state = conversion[1]
    elif state == "428C9" and message.startswith("Cannot"):
        # The stand-in's own triggers, in SQL Server's words.
        return sql_error(272 if verb == "UPDATE" else 273, message)
    number, text = _MESSAGES.get(state, (50000, "The stand-in's PostgreSQL answered: {message}."))
    return sql_error(
        number,
        text.format(
            message=message,
            subject=_as_written(subject[1], sql) if subject else "",
            constraint=diag.constraint_name,
            column=diag.column_name,
            table=f"{diag.schema_name}.{diag.table_name}",
            key=key[1] if key else "",
            type=conversion[1] if conversion else "",
            verb=verb,
            schema=schema,
            denied=denied,
            database=database,
        ),
    )


_CONFLICT = (
    'The {verb} statement conflicted with the constraint "{constraint}". The conflict occurred in database '
    '"{database}", table "{table}" ({message}).'
)
_DATE_CONVERSION = (241, "Conversion failed when converting date and/or time from character string ({message}).")
_CONVERSIONS = {
    "uuid": (8169, "Conversion failed when converting from a character string to uniqueidentifier ({message})."),
    "numeric": (8114, "Error converting data type nvarchar to numeric ({message})."),
    "double precision": (8114, "Error converting data type nvarchar to float ({message})."),
}
_MESSAGES = {
    **_CONVERSIONS,
    "22P02": (245, "Conversion failed when converting the nvarchar value '{subject}' to data type {type}."),
    "22007": _DATE_CONVERSION,
    "22008": (242, "The conversion of a character type to a date type resulted in an out-of-range value ({message})."),
    "22001": (2628, "String or binary data would be truncated ({message})."),
    "22003": (8115, "Arithmetic overflow error converting expression to its data type ({message})."),
    "22012": (8134, "Divide by zero error encountered."),
    "22P04": (213, "Column name or number of supplied values does not match table definition."),
    "23502": (
        515,
        "Cannot insert the value NULL into column '{column}', table '{database}.{table}'; column does not allow nulls. "
        "{verb} fails.",
    ),
    "23503": (547, _CONFLICT),
    "23514": (547, _CONFLICT),
    "23505": (
        2627,
        "Violation of UNIQUE or PRIMARY KEY constraint '{constraint}'. Cannot insert duplicate key in object "
        "'{table}'. The duplicate key value is {key}.",
    ),
    "40001": (UPDATE_CONFLICT, "Snapshot isolation transaction aborted due to update conflict. Retry the transaction."),
    "40P01": (
        DEADLOCK,
        "Transaction was deadlocked on lock resources with another process and has been chosen as the deadlock victim. "
        "Rerun the transaction.",
    ),
    "42501": (
        229,
        "The {verb} permission was denied on the object '{denied}', database '{database}', schema '{schema}'.",
    ),
    "42601": (102, "Incorrect syntax near '{subject}'."),
    "42702": (209, "Ambiguous column name '{subject}'."),
    "42703": (207, "Invalid column name '{subject}'."),
    "42803": (8120, "A column is neither in an aggregate function nor in the GROUP BY clause ({message})."),
    "42804": (206, "Operand type clash ({message})."),
    "42846": (529, "Explicit conversion between these data types is not allowed ({message})."),
    "42883": (195, "Not a recognized built-in function name, or not for these types ({message})."),
    "428C9": (544, "Cannot insert explicit value for an identity column ({message})."),
    "42P01": (208, "Invalid object name '{subject}'."),
    "unbound": (4104, 'The multi-part identifier "{subject}" could not be bound.'),
    "0A000": (40515, "Not supported by the stand-in: it needs SQL Server ({message})."),
    "55P03": (1222, "Lock request time out period exceeded."),
    "57014": (CANCELLED, "The client cancelled the statement."),
}
"""SQL Server's number and sentence for a SQLSTATE."""


def _denied(message: str, objects: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """The object of "permission denied for table x", or of "for schema x", which names none."""
    kind, name = (re.findall(r"denied for (\w+) \"?([^\"]*)", message) or [("", "")])[0]
    mentioned = (pair for pair in objects if pair[kind != "schema"] == name)
    return next(mentioned, ("dbo", name))


def _as_written(name: str, sql: str) -> str:
    """`name`, which PostgreSQL folded to lower case, as the client spelled it."""
    found = re.search(re.escape(name), sql, re.IGNORECASE)
    return found[0] if found else name
