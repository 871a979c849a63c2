"""One client's session: its PostgreSQL connection, its transactions, its batches."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from itertools import chain, repeat
from typing import Any

import psycopg
from psycopg import generators, pq
from psycopg.abc import PQGen
from psycopg.adapt import Transformer
from psycopg.pq.abc import PGresult
from psycopg.waiting import Ready, Wait
from pysqlbridge.tds.result import Column, QueryError, col_metadata
from pysqlbridge.tds.token import DoneStatus, done
from pysqlbridge.tds.token import error as error_token

from promptsales.local.sqlserver import errors
from promptsales.local.sqlserver.batch import Control, parse, parse_insert
from promptsales.local.sqlserver.translate import Statement
from promptsales.local.sqlserver.types import ColumnEncoder, register_loaders, wire_type

VERSION = "PromptSales stand-in for SQL Server (TDS 7.4 in front of PostgreSQL {postgres}); not Microsoft SQL Server"

CHUNK_ROWS = 1000
"""Rows taken from PostgreSQL, encoded and sent at a time."""

_SAVEPOINT = "promptsales_statement"
_COMMANDS = {"SELECT": 0xC1, "INSERT": 0xC3, "DELETE": 0xC4, "UPDATE": 0xC5, "MERGE": 0x117}
_CHANGES_MEANING = {"IMPLICIT_TRANSACTIONS", "FMTONLY", "NOEXEC", "PARSEONLY", "ROWCOUNT", "SHOWPLAN_ALL"}
_ROW = b"\xd1"


class Backend(psycopg.Connection[Any]):
    """A PostgreSQL connection that watches its TDS client whenever it waits for the server.

    A client that hangs up or cancels gets its statement cancelled at once, so that it leaves no lock behind.
    """

    client: socket.socket | None = None
    interrupted = False

    def wait(self, gen: PQGen[Any], interval: float = 0.0, timeout: float | None = None) -> Any:
        """Drive a psycopg generator to its result."""
        if self.client is None:
            return super().wait(gen)
        server = self.pgconn.socket
        poll = select.poll()
        try:
            wanted = next(gen)
            poll.register(self.client, select.POLLIN)
            while True:
                poll.register(
                    server,
                    (select.POLLIN if wanted & Wait.R else 0) | (select.POLLOUT if wanted & Wait.W else 0),
                )
                ready = 0
                for descriptor, event in poll.poll():
                    if descriptor == server:
                        ready |= Ready.R if event & ~select.POLLOUT else 0
                        ready |= Ready.W if event & select.POLLOUT else 0
                    else:
                        poll.unregister(self.client)
                        self.interrupted = True
                        self.cancel_safe(timeout=5)
                if ready:
                    wanted = gen.send(Ready(ready))
        except StopIteration as finished:
            return finished.value

    def client_spoke(self) -> bool:
        """Whether the client sent something, or hung up, since its request: it wants no more of the answer."""
        self.interrupted = self.interrupted or bool(self.client and select.select([self.client], [], [], 0)[0])
        return self.interrupted


class Session:
    """What SQL Server keeps for one connection: transaction, options, and the statement that runs."""

    def __init__(
        self, backend: Backend, write: Callable[[bytes], object], *, database: str, max_rows: int, tds_version: int
    ) -> None:
        register_loaders(backend)
        self._backend = backend
        self._write = write
        self._database = database
        self._max_rows = max_rows
        self._tds_version = tds_version
        self._opened = False
        self._savepoints: list[str] = []
        self._transaction_name: str | None = None
        self._xact_abort = False
        self._isolation = "READ COMMITTED"
        self._lock_timeout = 0
        major, minor = divmod(backend.info.server_version, 10_000)
        self._variables: dict[str, Any] = {
            "@@rowcount": 0,
            "@@trancount": 0,
            "@@error": 0,
            "@@spid": backend.info.backend_pid,
            "@@servername": "PromptSales stand-in",
            "@@version": VERSION.format(postgres=f"{major}.{minor}"),
        }

    def close(self) -> None:
        """Give up whatever is running and the transaction with it."""
        self._backend.pgconn.finish()

    def reset(self) -> None:
        """What a connection pool asks for before the connection's next user gets it."""
        self._xact_abort, self._isolation, self._lock_timeout = False, "READ COMMITTED", 0
        self._roll_back()
        self._run("RESET lock_timeout")

    def batch(self, sql: str, parameters: Mapping[str, Any]) -> None:
        """Run a batch and write its whole answer; errors of the batch are part of the answer."""
        self._backend.interrupted = False
        try:
            statements = parse(sql)
            if not statements:
                self._done()
        except QueryError as error:
            self._failed(error)
            return
        for left, statement in zip(reversed(range(len(statements))), statements, strict=True):
            more = DoneStatus.MORE if left else DoneStatus.FINAL
            line = statement.line if isinstance(statement, Statement) else 1
            try:
                if self._backend.interrupted:
                    raise _cancelled()
                if isinstance(statement, Control):
                    self._control(statement)
                    self._done(more)
                else:
                    self._statement(statement, parameters, more)
            except QueryError as error:
                if error.number == errors.CANCELLED and self._backend.interrupted:
                    self._done()
                    return
                if not left or self._xact_abort or error.number not in errors.ENDS_STATEMENT_ONLY:
                    self._failed(error, line=line)
                    return
                self._failed(error, more, line)

    def _done(self, more: DoneStatus = DoneStatus.FINAL, command: int = 0, count: int | None = None) -> None:
        self._variables["@@error"], self._variables["@@rowcount"] = 0, count or 0
        status = more if count is None else more | DoneStatus.COUNT
        self._write(done(status=status, current_command=command, row_count=count or 0, tds_version=self._tds_version))

    def _failed(self, error: QueryError, more: DoneStatus = DoneStatus.FINAL, line: int = 1) -> None:
        self._variables["@@error"], self._variables["@@rowcount"] = error.number, 0
        token = error_token(
            error.number,
            str(error),
            severity=error.severity,
            state=error.state,
            server=self._variables["@@servername"],
            line=line,
            tds_version=self._tds_version,
        )
        self._write(token + done(status=DoneStatus.ERROR | more, tds_version=self._tds_version))

    # --- transactions ---

    def _control(self, control: Control) -> None:
        level, name = self._variables["@@trancount"], (control.name or "").lower()
        match control.kind:
            case "begin":
                self._variables["@@trancount"] = level + 1
                self._transaction_name = self._transaction_name if level else name
            case "commit" if level > 1:
                self._variables["@@trancount"] = level - 1
            case "commit" if level:
                self._commit()
            case "rollback" if level and name in self._savepoints:
                last = len(self._savepoints) - self._savepoints[::-1].index(name)
                del self._savepoints[last:]
                self._run(f'ROLLBACK TO SAVEPOINT "{name}"')
                self._apply_lock_timeout()
            case "rollback" if level and name and name != self._transaction_name:
                raise errors.sql_error(
                    6401, f"Cannot roll back {control.name}. No transaction or savepoint of that name was found."
                )
            case "rollback" if level:
                self._roll_back()
            case "commit" | "rollback" if not control.guarded:
                number, what = (3902, "COMMIT") if control.kind == "commit" else (3903, "ROLLBACK")
                raise errors.sql_error(
                    number, f"The {what} TRANSACTION request has no corresponding BEGIN TRANSACTION."
                )
            case "save" if not level:
                raise errors.sql_error(628, "Cannot issue SAVE TRANSACTION when there is no active transaction.")
            case "save":
                self._begin()
                self._run(f'SAVEPOINT "{name}"')
                self._savepoints.append(name)
            case "isolation":
                if self._opened and control.value != self._isolation:
                    raise errors.option_not_supported("SET TRANSACTION ISOLATION LEVEL in a transaction that began")
                self._isolation = control.value
            case "option":
                self._option(control.name or "", control.value)
            case "use" if name != self._database.lower():
                raise errors.sql_error(911, f"Database '{control.name}' is not this connection's: connect to it.")

    def _option(self, name: str, value: str) -> None:
        if name == "XACT_ABORT":
            self._xact_abort = value == "ON"
        elif name == "LOCK_TIMEOUT":
            # SQL Server: -1 waits for ever, 0 not at all; PostgreSQL: 0 waits for ever.
            self._lock_timeout = max(int(value), 1) if int(value) >= 0 else 0
            self._run(f"SET lock_timeout = {self._lock_timeout}")
        elif name in _CHANGES_MEANING and value not in ("OFF", "0"):
            raise errors.option_not_supported(f"SET {name}")

    def _begin(self) -> None:
        # PostgreSQL's transaction begins with its first statement, as SQL Server's takes its snapshot then.
        if not self._opened:
            level = "REPEATABLE READ" if self._isolation == "SNAPSHOT" else self._isolation
            self._run(f"BEGIN ISOLATION LEVEL {level}")
            self._opened = True

    def _commit(self) -> None:
        opened, self._opened = self._opened, False
        self._savepoints.clear()
        self._variables["@@trancount"] = 0
        if opened:
            self._guarded(Statement("COMMIT", "COMMIT"), lambda: self._run("COMMIT"))

    def _roll_back(self) -> None:
        opened, self._opened = self._opened, False
        self._savepoints.clear()
        self._variables["@@trancount"] = 0
        if opened:
            self._run("ROLLBACK")
            self._apply_lock_timeout()

    def _apply_lock_timeout(self) -> None:
        # PostgreSQL undoes a SET with the transaction it was in; SQL Server does not.
        if self._lock_timeout:
            self._run(f"SET lock_timeout = {self._lock_timeout}")

    # --- statements ---

    def _statement(self, statement: Statement, parameters: Mapping[str, Any], more: DoneStatus) -> None:
        try:
            count = self._in_savepoint(statement, lambda: self._answer(statement, parameters))
        except psycopg.DataError:
            statement = parse_insert(statement.source)
            count = self._in_savepoint(statement, lambda: self._answer(statement, parameters))
        self._done(more, _COMMANDS.get(statement.verb, 0), count)

    def _in_savepoint(self, statement: Statement, action: Callable[[], int | None]) -> int | None:
        """`action`, which inside a transaction may fail without dooming it."""
        if not self._variables["@@trancount"]:
            return self._guarded(statement, action)
        self._begin()
        self._run(f"SAVEPOINT {_SAVEPOINT}")
        try:
            count = self._guarded(statement, action)
        except (QueryError, psycopg.DataError) as error:
            number = error.number if isinstance(error, QueryError) else None
            if number in errors.ENDS_TRANSACTION or (self._xact_abort and number is not None):
                self._roll_back()
            else:
                self._run(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
                self._run(f"RELEASE SAVEPOINT {_SAVEPOINT}")
            raise
        self._run(f"RELEASE SAVEPOINT {_SAVEPOINT}")
        return count

    def _guarded(self, statement: Statement, action: Callable[[], int | None]) -> int | None:
        """`action`, its PostgreSQL errors turned into SQL Server's."""
        try:
            return action()
        except psycopg.Error as error:
            refused_by_copy = statement.copy is not None and isinstance(error, psycopg.DataError)
            if refused_by_copy or self._backend.pgconn.status != pq.ConnStatus.OK:
                raise
            raise errors.from_postgres(
                error,
                sql=statement.source,
                verb=statement.verb,
                objects=statement.objects,
                database=self._database,
            ) from error

    def _run(self, sql: str) -> None:
        for _ in self._results(sql):
            pass

    def _answer(self, statement: Statement, parameters: Mapping[str, Any]) -> int | None:
        """Run one statement and write its rows, if it has any. Returns how many rows it read or changed."""
        sql = statement.sql({**parameters, **self._variables})
        if statement.copy is not None:
            with self._backend.cursor() as cursor:
                with cursor.copy(sql.encode()) as copy:
                    copy.write(statement.copy)
                return cursor.rowcount
        encoders: list[ColumnEncoder] = []
        transformer = Transformer(self._backend)
        count: int | None = None
        with closing(self._results(sql)) as results:
            for result in results:
                if not result.nfields:
                    count = result.command_tuples
                    continue
                transformer.set_pgresult(result, set_loaders=not encoders)
                rows = transformer.load_rows(0, result.ntuples, tuple)
                columns = list(zip(*rows, strict=True)) or [()] * result.nfields
                if not encoders:
                    encoders = self._describe(result, columns, statement.names)
                count = (count or 0) + len(rows)
                if count > self._max_rows:
                    raise errors.sql_error(
                        50000,
                        f"More than {self._max_rows} rows: the stand-in sends no more in one answer. Read in "
                        "windows: SELECT TOP (n) ... WHERE key > last ORDER BY key.",
                    )
                cells = [encoder.chunk(values) for encoder, values in zip(encoders, columns, strict=True)]
                self._write(b"".join(chain.from_iterable(zip(repeat(_ROW), *cells))))
                if self._backend.client_spoke():
                    raise _cancelled()
        return count

    def _describe(
        self, result: PGresult, columns: Sequence[Sequence[Any]], names: Sequence[str] | None
    ) -> list[ColumnEncoder]:
        types = [wire_type(result.ftype(i), result.fmod(i), values) for i, values in enumerate(columns)]
        shown = names or [(result.fname(i) or b"").decode() for i in range(result.nfields)]
        metadata = [Column(name, wire) for name, wire in zip(shown, types, strict=True)]
        self._write(col_metadata(metadata, self._tds_version))
        return [ColumnEncoder(wire) for wire in types]

    def _results(self, sql: str) -> Generator[PGresult]:
        """Run one statement; its results in chunks of rows, in PostgreSQL's binary format."""
        pgconn = self._backend.pgconn
        pgconn.send_query_params(sql.encode(), None, result_format=pq.Format.BINARY)
        pgconn.set_chunked_rows_mode(CHUNK_ROWS)
        failure: psycopg.Error | None = None
        try:
            self._backend.wait(generators.send(pgconn))
            while (result := self._backend.wait(generators.fetch(pgconn))) is not None:
                if result.status == pq.ExecStatus.FATAL_ERROR:
                    failure = psycopg.errors.error_from_result(result)
                else:
                    yield result
        finally:
            if pgconn.transaction_status == pq.TransactionStatus.ACTIVE:
                self._backend.cancel_safe(timeout=5)
                while self._backend.wait(generators.fetch(pgconn)) is not None:
                    pass
        if failure is not None:
            raise failure


def _cancelled() -> QueryError:
    return errors.sql_error(errors.CANCELLED, "The client cancelled the statement.")
