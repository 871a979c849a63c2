"""What can be known of the T-SQL files without a server: that they parse, agree with each other, and keep the rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from sqlfluff.core import FluffConfig, Linter

from promptsales.paths import DATABASE_DIR, PROJECT_ROOT

DATABASES = {"PromptAds": "sqlserver_ads", "PromptCRM": "sqlserver_crm"}

ERROR_RANGES = {"PromptAds": range(50100, 50200), "PromptCRM": range(50200, 50300)}

FILES = sorted(path for path in DATABASE_DIR.glob("sqlserver_*/*/*.sql") if path.parent.name != "standin")

_PIECE = re.compile(r"(?P<string>N?'(?:[^']|'')*')|--[^\n]*|/\*.*?\*/", re.DOTALL)
_CREATED = re.compile(
    r"\bCREATE\s+(?:OR\s+ALTER\s+)?(?:TABLE|VIEW|PROCEDURE|FUNCTION|TRIGGER|TYPE|SEQUENCE|SYNONYM)\s+(\w+)\.(\w+)"
)
_REFERENCE = re.compile(r"(?<![\w.@\]])(?:(?:\w+\.)?(\w+)\.)?(\w+)\.(\w+)\b")
_PROCEDURE = re.compile(r"CREATE OR ALTER PROCEDURE (\w+\.\w+)(.*?)\nAS\n(.*)", re.DOTALL)
_RAISED = re.compile(r"\b(?:THROW|dbo\.usp_lanzar_error)\s+(?:@numero\s*=\s*)?(\d+)")
_SECRET = re.compile(
    r"\b(?:PASSWORD|SECRET|KEY_SOURCE|IDENTITY_VALUE|rmtpassword)\s*=\s*N?'((?:[^']|'')*)'", re.IGNORECASE
)
_OPAQUE = re.compile(
    r"\b0x[0-9A-Fa-f]{32,}\b|(?<![A-Za-z0-9+/])(?=\w*\d)(?=\w*[a-z])(?=\w*[A-Z])[A-Za-z0-9+/]{40,}={0,2}"
)


@dataclass(frozen=True)
class Script:
    """A T-SQL file.

    Attributes:
        database: in which it is run.
        path: of the file.
        text: as it is.
    """

    database: str
    path: Path
    text: str

    @property
    def code(self) -> str:
        """Without comments; strings stay."""
        return _PIECE.sub(lambda piece: piece["string"] or " ", self.text)

    @property
    def bare(self) -> str:
        """Without comments and without what strings hold."""
        return _PIECE.sub(lambda piece: "''" if piece["string"] else " ", self.text)

    @property
    def strings(self) -> list[str]:
        """What its strings hold."""
        return [piece["string"] for piece in _PIECE.finditer(self.text) if piece["string"]]


@cache
def script(path: Path) -> Script:
    folder = path.parent.parent.name
    database = next(name for name, of_it in DATABASES.items() if of_it == folder)
    if path.stem.endswith("_en_promptads"):
        database = "PromptAds"
    return Script(database, path, path.read_text(encoding="utf-8"))


SCRIPTS = [script(path) for path in FILES]


def name_of(path: Path) -> str:
    return str(path.relative_to(DATABASE_DIR))


every_file = pytest.mark.parametrize("path", FILES, ids=name_of)


@cache
def linter() -> Linter:
    # Raw: $(VAR) is sqlcmd's, and no template of sqlfluff's.
    return Linter(FluffConfig.from_path(str(PROJECT_ROOT), overrides={"templater": "raw"}))


# --- they parse ----------------------------------------------------------------------------------------------


@pytest.mark.slow
@every_file
def test_it_parses_and_is_formatted(path: Path) -> None:
    found = linter().lint_string(script(path).text, fname=str(path)).get_violations()
    assert [f"line {violation.line_no}: {violation.desc()}" for violation in found] == []


@pytest.mark.slow
@every_file
def test_what_cannot_be_parsed_is_in_the_scripts_of_keys_only(path: Path) -> None:
    if path.parent.name != "security":
        assert not re.search(r"noqa\b(?!:)|noqa:.*\bPRS\b", script(path).text)


def test_a_file_that_does_not_parse_is_seen() -> None:
    assert linter().lint_string("SELECT FROM WHERE;\n").get_violations()


@pytest.mark.parametrize("folder", DATABASES.values())
def test_the_first_file_makes_the_table_in_which_files_are_recorded(folder: str) -> None:
    first = min((DATABASE_DIR / folder / "schema").glob("*.sql"))
    assert "CREATE TABLE dbo.migraciones" in script(first).text


# --- what they name exists -----------------------------------------------------------------------------------


def created(database: str) -> set[str]:
    return {f"{schema}.{name}" for file in SCRIPTS if file.database == database for schema, name in created_in(file)}


def created_in(file: Script) -> list[tuple[str, str]]:
    return _CREATED.findall(file.code)


def unknown(file: Script, known: dict[str, set[str]]) -> set[str]:
    """The objects of the project's schemas that a file names and no file creates.

    In a string, which may be a query for the linked server, an object of either database will do.
    """
    schemas = {name.split(".")[0] for names in known.values() for name in names}
    missing = set()
    for text, databases in [(file.bare, {file.database}), *((string, set(known)) for string in file.strings)]:
        for database, schema, name in _REFERENCE.findall(text):
            if schema not in schemas or (database and database not in known):
                continue
            if not any(f"{schema}.{name}" in known[where] for where in ({database} if database else databases)):
                missing.add(f"{database}.{schema}.{name}".lstrip("."))
    return missing


@every_file
def test_every_object_it_names_is_created_by_a_file(path: Path) -> None:
    assert unknown(script(path), {database: created(database) for database in DATABASES}) == set()


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("SELECT a FROM dbo.campanas", set()),
        ("SELECT a FROM dbo.campania", {"dbo.campania"}),
        ("SELECT a FROM dbo.clientes", {"dbo.clientes"}),
        ("SELECT a FROM PromptCRM.dbo.clientes", set()),
        ("SELECT a FROM PROMPTADS.PromptCRM.etl.nada", {"PromptCRM.etl.nada"}),
        ("EXECUTE dbo.usp_nada; -- dbo.en_un_comentario", {"dbo.usp_nada"}),
        ("IF OBJECT_ID(N'dbo.nada') IS NULL SELECT 1", {"dbo.nada"}),
        ("EXECUTE master.dbo.sp_serveroption", set()),
    ],
)
def test_an_object_that_is_not_there_is_seen(text: str, missing: set[str]) -> None:
    known = {database: created(database) for database in DATABASES}
    assert unknown(Script("PromptAds", Path("x.sql"), text), known) == missing


# --- table-valued parameters ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Call:
    """A call of a procedure that takes tables.

    Attributes:
        place: file it is in.
        procedure: that it calls.
        expected: type of each parameter that is a table and is given one; the others are empty tables.
        declared: type of each variable given to those, None where the file declares none.
    """

    place: str
    procedure: str
    expected: dict[str, str]
    declared: dict[str, str | None]


def table_parameters() -> dict[str, list[tuple[str, str | None]]]:
    """Of each procedure that takes a table: its parameters in order, with the type of those that are tables."""
    found = {}
    for file in SCRIPTS:
        for batch in re.split(r"^GO$", file.code, flags=re.MULTILINE):
            if match := _PROCEDURE.search(batch):
                parameters = re.findall(r"@(\w+)\s+([\w.]+)[^,]*?(READONLY)?(?:,|$|\n)", match[2])
                typed = [(name, kind if readonly else None) for name, kind, readonly in parameters]
                if any(kind for _, kind in typed):
                    found[match[1]] = typed
    return found


def calls_in(place: str, text: str) -> Iterator[Call]:
    procedures = table_parameters()
    # A call ends with its statement, or with the string of a program that it is in.
    for match in re.finditer(r"\bEXEC(?:UTE)?\s+(?:@\w+\s*=\s*)?(\w+\.\w+)\b([^;\"]*)[;\"]", text):
        parameters = procedures.get(match[1], [])
        given: dict[str, str] = {}
        for (name, _), argument in zip(parameters, match[2].split(","), strict=False):
            named = re.match(r"\s*@(\w+)\s*=\s*(\S+)", argument)
            given |= dict([named.groups()]) if named else {name: argument.strip()}
        expected = {name: kind for name, kind in parameters if kind and given.get(name)}
        if expected:
            yield Call(place, match[1], expected, {name: type_of(given[name], text) for name in expected})


def type_of(variable: str, text: str) -> str | None:
    match = re.search(rf"{re.escape(variable)}\s+(?:AS\s+)?(\w+\.\w+)\b", text) if variable.startswith("@") else None
    return match[1] if match else None


def calls() -> list[Call]:
    texts = {name_of(file.path): file.code for file in SCRIPTS}
    for path in [*DATABASE_DIR.glob("sqlserver_*/**/*.md"), *(PROJECT_ROOT / "tests" / "sqlserver").glob("*.py")]:
        texts[str(path.relative_to(PROJECT_ROOT))] = path.read_text(encoding="utf-8")
    return [call for place, text in texts.items() for call in calls_in(place, text)]


def test_every_table_given_is_of_the_parameter_s_type() -> None:
    found = calls()
    assert {call.procedure for call in found} == table_parameters().keys()
    assert [call for call in found if call.declared != call.expected] == []


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        ("DECLARE @f dbo.tipo_rendimiento; EXECUTE dbo.usp_registrar_rendimiento @filas = @f;", "dbo.tipo_rendimiento"),
        ("DECLARE @f dbo.tipo_rendimiento; EXEC dbo.usp_registrar_rendimiento @f;", "dbo.tipo_rendimiento"),
        ("DECLARE @f dbo.tipo_canales; EXECUTE dbo.usp_registrar_rendimiento @filas = @f;", "dbo.tipo_canales"),
        ("EXECUTE dbo.usp_registrar_rendimiento @insertadas = @n OUTPUT, @filas = @f;", None),
    ],
)
def test_a_table_s_type_is_found(text: str, declared: str | None) -> None:
    (call,) = calls_in("here", text)
    assert call.expected == {"filas": "dbo.tipo_rendimiento"}
    assert call.declared == {"filas": declared}


# --- no SQL put together, no secret --------------------------------------------------------------------------


def dynamic(file: Script) -> list[str]:
    """The statements that run a text which is not one constant."""
    literal = r"N?'(?:[^']|'')*'"
    found = [
        file.code[match.start() : match.end() + 60]
        for match in re.finditer(r"\bEXEC(?:UTE)?\s*\(", file.code, re.IGNORECASE)
        if not re.match(rf"\s*{literal}\s*\)", file.code[match.end() :])
    ]
    for match in re.finditer(r"\bsp_executesql\s+(?:@stmt\s*=\s*)?", file.code, re.IGNORECASE):
        rest = file.code[match.end() :]
        if variable := re.match(r"@\w+", rest):
            values = re.findall(rf"{variable[0]}\b[^,;=]*=\s*([^;]*);", file.code)
            constant = all(re.fullmatch(rf"\s*{literal}\s*", value) for value in values)
        else:
            constant = re.match(rf"{literal}\s*[,;]", rest) is not None
        if not constant:
            found.append(file.code[match.start() : match.end() + 60])
    return found


@every_file
def test_no_sql_is_put_together_from_pieces(path: Path) -> None:
    assert dynamic(script(path)) == []


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("EXECUTE (N'CREATE SCHEMA etl;');", False),
        ("EXECUTE (N'DROP TABLE ' + @tabla);", True),
        ("EXEC (@sql);", True),
        ("EXECUTE sys.sp_executesql N'SELECT @a', N'@a int', @a = 1;", False),
        ("EXECUTE sp_executesql N'SELECT ' + @a;", True),
        ("DECLARE @s nvarchar(99) = N'SELECT 1'; EXECUTE sp_executesql @s;", False),
        ("SET @s = CONCAT(N'SELECT ', @a); EXECUTE sp_executesql @s;", True),
        ("-- EXEC (@sql)\nSELECT N'EXEC dbo.x';", False),
    ],
)
def test_sql_put_together_is_seen(text: str, seen: bool) -> None:
    assert bool(dynamic(Script("PromptAds", Path("x.sql"), text))) is seen


def secrets_in(text: str) -> list[str]:
    said = [value for value in _SECRET.findall(text) if not re.fullmatch(r"\$\(\w+\)|\.\.\.", value)]
    return said + [found for found in _OPAQUE.findall(text) if len(set(re.findall("..", found[2:]))) > 1]


@every_file
def test_it_holds_no_secret(path: Path) -> None:
    assert secrets_in(script(path).text) == []


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("CREATE LOGIN a WITH PASSWORD = N'$(A_PASSWORD)';", False),
        ("CREATE LOGIN a WITH PASSWORD = N'Secreta-1';", True),
        ("DECRYPTION BY PASSWORD = 'x'", True),
        ("SET @k = 0x" + "36" * 64, False),
        ("SET @k = 0x" + "0123456789abcdef" * 4, True),
        ("-- ghp_" + "aB3" * 14, True),
    ],
)
def test_a_secret_is_seen(text: str, seen: bool) -> None:
    assert bool(secrets_in(text)) is seen


# --- errors and procedures -----------------------------------------------------------------------------------


def registered(database: str) -> list[int]:
    text = script(DATABASE_DIR / DATABASES[database] / "procedures" / "000_errores.sql").code
    return [int(number) for number in re.findall(r"\(\s*(\d{5}),\s*N'", text)]


def raised(database: str) -> set[int]:
    return {int(number) for file in SCRIPTS if file.database == database for number in _RAISED.findall(file.bare)}


every_database = pytest.mark.parametrize("database", DATABASES)


@every_database
def test_every_error_raised_is_registered_and_every_registered_one_raised(database: str) -> None:
    numbers = registered(database)
    assert len(numbers) == len(set(numbers))
    assert set(numbers) <= set(ERROR_RANGES[database])
    assert raised(database) == set(numbers)


@every_database
def test_every_error_is_documented(database: str) -> None:
    documents = "".join(path.read_text(encoding="utf-8") for path in DATABASE_DIR.glob("sqlserver_*/**/README.md"))
    assert [number for number in registered(database) if str(number) not in documents] == []


def test_errors_are_thrown_not_raised() -> None:
    """A number in a variable is the business of usp_lanzar_error alone, and RAISERROR knows no registered number."""
    for file in SCRIPTS:
        assert not re.search(r"\bRAISERROR\b", file.bare), file.path
        for _ in re.finditer(r"\bTHROW\s+@", file.bare):
            assert file.path.name == "000_errores.sql"


PROCEDURES = {
    match[1]: match[3]
    for file in SCRIPTS
    for batch in re.split(r"^GO$", file.bare, flags=re.MULTILINE)
    if (match := _PROCEDURE.search(batch)) and match[1].startswith("dbo.")
}

# The log swallows its own errors, with XACT_ABORT OFF; the error procedure only throws; the last is the part of
# usp_conciliar_campanas that may fail to compile, which only its caller can catch.
FOUNDATIONS = {"dbo.usp_registrar_evento", "dbo.usp_lanzar_error", "dbo.usp_leer_ingresos_de_promptads"}


@pytest.mark.parametrize("procedure", sorted(PROCEDURES.keys() - FOUNDATIONS))
def test_a_procedure_keeps_the_rules(procedure: str) -> None:
    body = PROCEDURES[procedure]
    assert re.search(r"SET NOCOUNT, XACT_ABORT ON;|SET XACT_ABORT, NOCOUNT ON;", body)
    assert re.search(r"BEGIN CATCH.*\bTHROW;.*END CATCH", body, re.DOTALL)
    assert "dbo.usp_registrar_evento" in body
    assert "@@IDENTITY" not in body
    opens = [match.start() for match in re.finditer(r"BEGIN TRAN", body)]
    guards = re.findall(r"IF @transaccion_propia = 1\s+BEGIN TRAN", body)
    assert len(opens) == len(guards)
    for end in re.finditer(r"\b(COMMIT|ROLLBACK)\b", body):
        assert "@transaccion_propia = 1" in body[: end.start()].rsplit("IF", 1)[-1]
