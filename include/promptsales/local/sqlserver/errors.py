"""SQL Server's error numbers and sentences for what PostgreSQL reports."""

from __future__ import annotations

import re
from collections.abc import Sequence

import psycopg
from psycopg import errors
from pysqlbridge.tds.result import QueryError

DEADLOCK = 1205
UPDATE_CONFLICT = 3960

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
    diag = error.diag
    message = (diag.message_primary or str(error)).strip()
    quoted = re.findall(r'"([^"]*)"', message)
    subject = _as_written(quoted[0], sql) if quoted else ""
    table = f"{diag.schema_name}.{diag.table_name}"
    match error:
        case errors.UniqueViolation():
            key = re.search(r"=(\(.*\)) already exists", diag.message_detail or "", re.DOTALL)
            return sql_error(
                2627,
                f"Violation of UNIQUE or PRIMARY KEY constraint '{diag.constraint_name}': cannot put a duplicate key in "
                f"object '{table}'. The duplicate key value is {key[1] if key else ''}.",
            )
        case errors.ForeignKeyViolation() | errors.CheckViolation():
            kind = "CHECK" if isinstance(error, errors.CheckViolation) else "FOREIGN KEY"
            return sql_error(
                547,
                f"The {verb} statement conflicted with the {kind} constraint "
                f'"{diag.constraint_name}". The conflict occurred in database "{database}", table "{table}".',
            )
        case errors.NotNullViolation():
            return sql_error(
                515,
                f"Cannot insert the value NULL into column '{diag.column_name}', table "
                f"'{database}.{table}'; column does not allow nulls. {verb} fails.",
            )
        case errors.UndefinedTable():
            if message.startswith(("missing FROM", "invalid reference")):
                return sql_error(4104, f'The multi-part identifier "{subject}" could not be bound.')
            return sql_error(208, f"Invalid object name '{subject}'.")
        case errors.UndefinedColumn():
            column = subject or _as_written(message.split()[1], sql)
            return sql_error(207, f"Invalid column name '{column}'.")
        case errors.UndefinedFunction():
            return sql_error(195, f"Not a recognized built-in function, or not for these types: {message}.")
        case errors.InsufficientPrivilege():
            schema, name = _denied(message, objects)
            return sql_error(
                229,
                f"The {verb} permission was denied on the object '{name}', database '{database}', schema '{schema}'.",
            )
        case errors.DeadlockDetected():
            return sql_error(
                DEADLOCK,
                "Transaction was deadlocked on lock resources with another process and has "
                "been chosen as the deadlock victim. Rerun the transaction.",
            )
        case errors.SerializationFailure():
            return sql_error(
                UPDATE_CONFLICT, "Snapshot isolation transaction aborted due to update conflict. Retry the transaction."
            )
        case errors.GeneratedAlways() if message.startswith("Cannot"):
            return sql_error(272 if verb == "UPDATE" else 273, message)
        case errors.InvalidTextRepresentation():
            return _conversion_failed(message)
        case errors.SyntaxErrorOrAccessRuleViolation() if error.sqlstate == "42601":
            return sql_error(102, f"Incorrect syntax near '{subject}'.")
    number, text = _PLAIN.get(error.sqlstate or "", (50000, "The stand-in's PostgreSQL answered"))
    return sql_error(number, f"{text} ({message}).")


_PLAIN = {
    "22001": (2628, "String or binary data would be truncated"),
    "22003": (8115, "Arithmetic overflow error converting expression to its data type"),
    "22012": (8134, "Divide by zero error encountered"),
    "22007": (241, "Conversion failed when converting date and/or time from character string"),
    "22008": (242, "The conversion of a character type to a date type resulted in an out-of-range value"),
    "42804": (206, "Operand type clash"),
    "42846": (529, "Explicit conversion between these data types is not allowed"),
    "42702": (209, "Ambiguous column name"),
    "42803": (8120, "Column is invalid in the select list because it is not in an aggregate or the GROUP BY clause"),
    "428C9": (544, "Cannot insert an explicit value for an identity column"),
    "22P04": (213, "Column name or number of supplied values does not match table definition"),
    "55P03": (1222, "Lock request time out period exceeded"),
    "0A000": (40515, "Not supported by the stand-in: it needs SQL Server"),
    "57014": (3617, "The client cancelled the statement"),
}


def _conversion_failed(message: str) -> QueryError:
    parts = re.match(r'invalid input syntax for type (.+?): "(.*)"', message, re.S)
    kind, value = (parts[1], parts[2]) if parts else ("its data type", "")
    if kind in ("date", "timestamp", "time"):
        return sql_error(241, "Conversion failed when converting date and/or time from character string.")
    number = {"uuid": 8169, "numeric": 8114, "double precision": 8114}.get(kind, 245)
    return sql_error(number, f"Conversion failed when converting the nvarchar value '{value}' to data type {kind}.")


def _denied(message: str, objects: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """The object of "permission denied for table x" or "for schema x", which names no object."""
    kind, name = re.sub(r".*denied for (\w+) \"?([^\"]*)\"?$", r"\1 \2", message).split(" ", 1)
    for schema, mentioned in objects:
        if (kind == "schema" and schema == name) or (kind != "schema" and mentioned == name):
            return schema, mentioned
    return "dbo", name


def _as_written(name: str, sql: str) -> str:
    """`name`, which PostgreSQL folded to lower case, as the client spelled it."""
    found = re.search(re.escape(name), sql, re.IGNORECASE)
    return found[0] if found else name
