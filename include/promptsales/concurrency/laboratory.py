"""A few rows on a server, and sessions that work on them: the same operations on PostgreSQL, SQL Server and MongoDB."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Self

import psycopg
import pymssql
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.read_concern import ReadConcern

from promptsales.connections import Connections
from promptsales.etl.sql import text

KEPT = timedelta(days=1)
"""How long the rows of a run stay for whoever wants to look at them."""


class Session(ABC):
    """One connection and, between `begin` and the end, its transaction. What each method raises is its client's."""

    @abstractmethod
    def begin(self, level: str) -> None:
        """A transaction at one of the laboratory's levels."""

    @abstractmethod
    def read(self, key: int) -> int:
        """What a row holds."""

    @abstractmethod
    def write(self, key: int, value: int) -> None:
        """What a row holds from now on."""

    @abstractmethod
    def add(self, key: int, amount: int) -> None:
        """More of what a row holds, in one statement."""

    @abstractmethod
    def insert(self, key: int, value: int) -> None:
        """A new row."""

    @abstractmethod
    def remove(self, key: int) -> None:
        """One row less, if it is there."""

    @abstractmethod
    def total(self) -> int:
        """The sum of all rows."""

    @abstractmethod
    def count(self, first_key: int = 0) -> int:
        """How many rows there are, from a key on."""

    @abstractmethod
    def values(self) -> dict[int, int]:
        """What each row holds."""

    @abstractmethod
    def clear(self) -> None:
        """Delete the run's rows."""

    def fill(self, rows: Mapping[int, int]) -> None:
        """Make the run's rows these, whatever they were."""
        self.clear()
        for key, value in rows.items():
            self.insert(key, value)

    @abstractmethod
    def sees_waiting(self, other: Session) -> bool:
        """Whether the server says that another session waits for a third one's lock."""

    @abstractmethod
    def commit(self) -> None:
        """Keep what the transaction did."""

    @abstractmethod
    def rollback(self) -> None:
        """Undo what the transaction did; harmless where the server has done so already."""

    @abstractmethod
    def close(self) -> None:
        """The connection's end, and its transaction's."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Laboratory(ABC):
    """The rows of one run, on one server.

    Attributes:
        title: the server, as people read it.
        levels: its isolation levels, the weakest first.
        default_level: what a transaction has that asks for none.
    """

    title: ClassVar[str]
    levels: ClassVar[tuple[str, ...]]
    default_level: ClassVar[str]

    def __init__(self, connections: Connections, run: str) -> None:
        self.connections = connections
        self.run = run

    @abstractmethod
    def session(self) -> Session:
        """A new session, which its caller closes."""

    def clear(self) -> None:
        """Remove this run's rows."""
        with self.session() as session:
            session.clear()

    @abstractmethod
    def purge(self) -> None:
        """Remove what other runs left behind more than a day ago."""

    def fill(self, rows: Mapping[int, int]) -> None:
        """Make the run's rows these, whatever they were."""
        with self.session() as session:
            session.fill(rows)

    def values(self) -> dict[int, int]:
        """What each row holds, as committed."""
        with self.session() as session:
            return session.values()


class SqlSession(Session):
    """The operations as SQL; subclasses know their client.

    Attributes:
        number: what the server calls the session.
    """

    table: ClassVar[str]
    waiting: ClassVar[str]
    number: int

    def __init__(self, run: str) -> None:
        self.run = run

    @abstractmethod
    def execute(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a statement, none where it has no answer."""

    def _ask(self, name: str, *values: Any) -> list[tuple[Any, ...]]:
        statement = text(name, "promptsales.concurrency.sql").format(table=self.table)
        return self.execute(statement, values)

    def read(self, key: int) -> int:
        return int(self._ask("read", self.run, key)[0][0])

    def write(self, key: int, value: int) -> None:
        self._ask("write", value, self.run, key)

    def add(self, key: int, amount: int) -> None:
        self._ask("add", amount, self.run, key)

    def insert(self, key: int, value: int) -> None:
        self._ask("insert", self.run, key, value)

    def remove(self, key: int) -> None:
        self._ask("remove", self.run, key)

    def total(self) -> int:
        return int(self._ask("total", self.run)[0][0])

    def count(self, first_key: int = 0) -> int:
        return int(self._ask("count", self.run, first_key)[0][0])

    def values(self) -> dict[int, int]:
        return {int(key): int(value) for key, value in self._ask("values", self.run)}

    def sees_waiting(self, other: Session) -> bool:
        assert isinstance(other, SqlSession)
        return bool(self._ask(self.waiting, other.number)[0][0])

    def clear(self) -> None:
        self._ask("clear", self.run)

    def purge(self, old: datetime) -> None:
        """Delete the rows of every run that are older than a moment."""
        self._ask("purge", old)


class PostgresSession(SqlSession):
    """A psycopg connection; `number` is its process on the server."""

    table = "ops.laboratorio"
    waiting = "waiting_postgresql"

    def __init__(self, connection: psycopg.Connection[Any], run: str) -> None:
        super().__init__(run)
        self.connection = connection
        self.connection.autocommit = True
        self.number = connection.info.backend_pid

    def execute(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        cursor = self.connection.execute(statement.encode(), values)
        return cursor.fetchall() if cursor.description else []

    def begin(self, level: str) -> None:
        self.execute(f"BEGIN ISOLATION LEVEL {level}")

    def commit(self) -> None:
        self.execute("COMMIT")

    def rollback(self) -> None:
        self.execute("ROLLBACK")

    def close(self) -> None:
        self.connection.close()


class SqlServerSession(SqlSession):
    """A pymssql connection; `number` is its @@SPID."""

    table = "dbo.laboratorio"
    waiting = "waiting_sqlserver"

    def __init__(self, connection: pymssql.Connection, run: str) -> None:
        super().__init__(run)
        self.connection = connection
        self.connection.autocommit(True)
        self.number = int(self.execute("SELECT @@SPID AS sesion")[0][0])

    def execute(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, tuple(values)) if values else cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def begin(self, level: str) -> None:
        self.execute(f"SET TRANSACTION ISOLATION LEVEL {level}; BEGIN TRANSACTION")

    def commit(self) -> None:
        self.execute("COMMIT TRANSACTION")

    def rollback(self) -> None:
        self.execute("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION")

    def close(self) -> None:
        self.connection.close()


class PostgresLaboratory(Laboratory):
    """`ops.laboratorio` in the warehouse."""

    title = "PostgreSQL"
    levels = ("READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")
    default_level = "READ COMMITTED"

    def session(self) -> PostgresSession:
        return PostgresSession(self.connections.postgres(), self.run)

    def purge(self) -> None:
        with self.session() as session:
            session.purge(datetime.now(UTC) - KEPT)


class SqlServerLaboratory(Laboratory):
    """`dbo.laboratorio` in PromptAds."""

    title = "SQL Server"
    levels = ("READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SNAPSHOT", "SERIALIZABLE")
    default_level = "READ COMMITTED"

    def session(self) -> SqlServerSession:
        return SqlServerSession(self.connections.ads(), self.run)

    def purge(self) -> None:
        with self.session() as session:
            # datetime2 knows no time zone; the column is in UTC.
            session.purge((datetime.now(UTC) - KEPT).replace(tzinfo=None))

    def is_stand_in(self) -> bool:
        """Whether it is the stand-in, whose levels are PostgreSQL's."""
        with self.session() as session:
            return "stand-in" in str(session.execute("SELECT @@VERSION AS version")[0][0])


class MongoSession(Session):
    """A client session; documents are `{_id: key, valor: value, creado_en: moment}`."""

    def __init__(self, collection: Collection[dict[str, Any]]) -> None:
        self.collection = collection
        self.session: ClientSession = collection.database.client.start_session()

    @property
    def _in(self) -> ClientSession | None:
        return self.session if self.session.in_transaction else None

    def begin(self, level: str) -> None:
        if level != MongoLaboratory.SINGLE:
            self.session.start_transaction(read_concern=ReadConcern("snapshot"))

    def read(self, key: int) -> int:
        found = self.collection.find_one({"_id": key}, session=self._in)
        return int(found["valor"]) if found else 0

    def write(self, key: int, value: int) -> None:
        self.collection.update_one({"_id": key}, {"$set": {"valor": value}}, session=self._in)

    def add(self, key: int, amount: int) -> None:
        self.collection.update_one({"_id": key}, {"$inc": {"valor": amount}}, session=self._in)

    def insert(self, key: int, value: int) -> None:
        document = {"_id": key, "valor": value, "creado_en": datetime.now(UTC)}
        self.collection.insert_one(document, session=self._in)

    def remove(self, key: int) -> None:
        self.collection.delete_one({"_id": key}, session=self._in)

    def total(self) -> int:
        return sum(self.values().values())

    def count(self, first_key: int = 0) -> int:
        return self.collection.count_documents({"_id": {"$gte": first_key}}, session=self._in)

    def values(self) -> dict[int, int]:
        return {each["_id"]: each["valor"] for each in self.collection.find({}, session=self._in, sort=[("_id", 1)])}

    def clear(self) -> None:
        self.collection.delete_many({})

    def sees_waiting(self, other: Session) -> bool:
        """Never: a transaction that meets another's write is refused at once, and readers wait for nobody."""
        return False

    def commit(self) -> None:
        if self.session.in_transaction:
            self.session.commit_transaction()

    def rollback(self) -> None:
        if self.session.in_transaction:
            self.session.abort_transaction()

    def close(self) -> None:
        self.session.end_session()
        self.collection.database.client.close()


class MongoLaboratory(Laboratory):
    """A collection of the run's own in PromptContent, which goes with it. MongoDB has no levels but these two ways."""

    SINGLE = "no transaction"
    TRANSACTION = "transaction, snapshot"
    PREFIX = "laboratorio_"

    title = "MongoDB"
    levels = (SINGLE, TRANSACTION)
    default_level = TRANSACTION

    def session(self) -> MongoSession:
        return MongoSession(self.connections.mongo()[f"{self.PREFIX}{self.run}"])

    def clear(self) -> None:
        with self.session() as session:
            session.collection.drop()

    def purge(self) -> None:
        database = self.connections.mongo()
        recent = {"creado_en": {"$gte": datetime.now(UTC) - KEPT}}
        with database.client:
            for name in database.list_collection_names(filter={"name": {"$regex": f"^{self.PREFIX}"}}):
                if database[name].find_one(recent) is None:
                    database[name].drop()
