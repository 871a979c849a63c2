"""A waits for B, B for C, C for A: exactly one is the victim, and all commit in the end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar
from uuid import uuid4

import psycopg
import pytest
from pymongo.errors import OperationFailure

from promptsales.concurrency.deadlock import NEXT, OWN, PRESENT, AbsentError, TakenError, outcome, take_part
from promptsales.concurrency.laboratory import Laboratory, PostgresLaboratory, PostgresSession
from promptsales.retry import refusal_code, repeated


@pytest.mark.parametrize(
    ("server", "code"),
    [
        ("postgres", "40P01"),
        ("standin", "1205"),
        pytest.param("sqlserver_lab", "1205", marks=pytest.mark.sqlserver),
    ],
)
def test_three_transactions_in_a_circle(server: str, code: str, request: pytest.FixtureRequest) -> None:
    laboratory: Laboratory = request.getfixturevalue(server)
    with ThreadPoolExecutor(3) as pool:
        parts = list(pool.map(lambda role: take_part(laboratory, role, 3), range(3)))
    assert sorted(part.refusals for part in parts) == [[], [], [code]]
    assert sorted(part.attempts for part in parts) == [1, 1, 2]
    assert outcome(laboratory) == dict.fromkeys(range(3), OWN + NEXT)


def test_whoever_waits_for_others_in_vain_is_told(postgres: Laboratory) -> None:
    with pytest.raises(AbsentError, match="only 1 of 3"):
        take_part(postgres, 0, 3, patience=0.1)
    assert postgres.values() == {}, "nobody takes it for one that is still there"


def test_whoever_comes_twice_is_told(postgres: Laboratory) -> None:
    postgres.fill({1: 0})
    with pytest.raises(TakenError, match="another --run"):
        take_part(postgres, 1, 3)
    assert postgres.values() == {1: 0}


class VictimSession(PostgresSession):
    """Refused once, as a deadlock's victim is; whoever waits for its row is through when it looks a third time."""

    row_at_each_beginning: ClassVar[list[int]]
    looks: ClassVar[int]

    def begin(self, level: str) -> None:
        self.row_at_each_beginning.append(super().read(0))
        super().begin(level)

    def add(self, key: int, amount: int) -> None:
        if key == 1 and len(self.row_at_each_beginning) == 1:
            raise psycopg.errors.DeadlockDetected
        super().add(key, amount)

    def read(self, key: int) -> int:
        type(self).looks += 1
        if self.looks == 3:
            super().add(key, NEXT)
        return super().read(key)


class VictimLaboratory(PostgresLaboratory):
    def session(self) -> PostgresSession:
        return VictimSession(self.connections.postgres(), self.run)


def test_the_victim_begins_again_when_whoever_waited_for_it_is_through(postgres: Laboratory) -> None:
    VictimSession.row_at_each_beginning, VictimSession.looks = [], 0
    postgres.fill({1: 0, PRESENT + 1: 0})
    part = take_part(VictimLaboratory(postgres.connections, postgres.run), 0, 2)
    assert part.refusals == ["40P01"]
    assert VictimSession.row_at_each_beginning == [0, NEXT]
    assert outcome(postgres) == {0: OWN + NEXT, 1: NEXT}


def test_mongodb_refuses_the_second_writer_at_once(mongodb: Laboratory) -> None:
    """MongoDB has no deadlocks to resolve: whoever meets another transaction's write is refused, not queued."""
    mongodb.fill({0: 0, 1: 0})
    refused = list[BaseException]()
    with mongodb.session() as first, mongodb.session() as second:
        first.begin(mongodb.default_level)
        first.add(0, OWN)

        def transaction() -> None:
            second.begin(mongodb.default_level)
            try:
                second.add(1, OWN)
                second.add(0, NEXT)
                second.commit()
            except BaseException:
                second.rollback()
                raise

        # The first is open until the second was refused; from then on nothing is in its way.
        def commit_first(error: BaseException) -> None:
            refused.append(error)
            first.commit()

        repeated(transaction, on_refusal=commit_first)
    [error] = refused
    assert isinstance(error, OperationFailure)
    assert refusal_code(error) == "112", "WriteConflict"
    assert mongodb.values() == {0: OWN + NEXT, 1: OWN}


def test_what_is_no_refusal_is_not_repeated(postgres: Laboratory) -> None:
    postgres.fill({0: 0})
    tries = []

    def transaction() -> None:
        with postgres.session() as session:
            tries.append(session)
            session.insert(0, 0)

    with pytest.raises(psycopg.errors.UniqueViolation):
        repeated(transaction)
    assert len(tries) == 1


def test_the_last_refusal_is_raised(mongodb: Laboratory) -> None:
    mongodb.fill({0: 0})
    tries = []
    with mongodb.session() as first, mongodb.session() as second:
        first.begin(mongodb.default_level)
        first.add(0, OWN)

        def transaction() -> None:
            tries.append(uuid4())
            second.begin(mongodb.default_level)
            try:
                second.add(0, NEXT)
            finally:
                second.rollback()

        with pytest.raises(OperationFailure, match="WriteConflict"):
            repeated(transaction, attempts=2)
    assert len(tries) == 2
