"""A cascade deadlock: each of several transactions holds a row and asks for the next one's, the last for the first's.

The clients may be threads, processes or machines: they wait for each other on the server itself. Whichever is the
victim runs its transaction again, so that in the end every row was changed twice. It does so when whoever waited for
its row is through: a session that is slow to wake up would find the row taken again, and the circle closed once more.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from promptsales.concurrency.laboratory import Laboratory, Session
from promptsales.errors import PromptSalesError
from promptsales.retry import refusal_code, repeated

OWN, NEXT = 1, 10
"""What a transaction adds to its own row and to the next one's."""

PRESENT = 1000
"""Keys from here on: a row each for a client that holds its row."""

PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.02


class AbsentError(PromptSalesError):
    """The other clients of a deadlock did not come."""


class TakenError(PromptSalesError):
    """A client's place in a run was had by another one before."""


@dataclass(frozen=True)
class Part:
    """What one client went through.

    Attributes:
        role: its number, from 0 on.
        attempts: how often it ran its transaction; 1 unless it was the victim.
        refusals: the server's code for each attempt that it undid.
    """

    role: int
    attempts: int
    refusals: list[str] = field(default_factory=list)


def take_part(laboratory: Laboratory, role: int, roles: int, patience: float = PATIENCE_SECONDS) -> Part:
    """One client of the deadlock: returns when its transaction is committed, at the second attempt if it must be.

    Args:
        laboratory: the same run on the same server for all clients.
        role: this client's number, from 0 on.
        roles: how many clients there are.
        patience: seconds that it waits for the others to hold their rows, and, as the victim, to be through.

    Raises:
        TakenError: the run has had a client of this number.
        AbsentError: not all of them came, or one of them went away. This one's rows are gone then.
    """
    refusals = list[BaseException]()
    with laboratory.session() as session, laboratory.session() as bystander:

        def let_go(refusal: BaseException) -> None:
            refusals.append(refusal)
            _await_the_waiting(bystander, role, patience)

        if role in bystander.values():
            raise TakenError(f"the run {laboratory.run} has had a client of this role: name another --run.")
        bystander.insert(role, 0)

        def transaction() -> None:
            session.begin(laboratory.default_level)
            try:
                session.add(role, OWN)
                if not refusals:
                    bystander.insert(PRESENT + role, 0)
                _await_all(bystander, roles, patience)
                session.add((role + 1) % roles, NEXT)
                session.commit()
            except BaseException:
                session.rollback()
                raise

        try:
            repeated(transaction, on_refusal=let_go)
        except BaseException:
            # Nobody is to take it for one that still holds its row.
            for key in (role, PRESENT + role):
                bystander.remove(key)
            raise
    return Part(role, len(refusals) + 1, [refusal_code(error) for error in refusals])


def outcome(laboratory: Laboratory) -> dict[int, int]:
    """What each client's row holds; `OWN + NEXT` in every one when all are through."""
    return {key: value for key, value in laboratory.values().items() if key < PRESENT}


def _await_all(bystander: Session, roles: int, patience: float) -> None:
    """The barrier, which clients on different machines share through the server's own rows."""
    if not _comes_true(lambda: bystander.count(PRESENT) >= roles, patience):
        raise AbsentError(
            f"only {bystander.count(PRESENT)} of {roles} clients hold their row after {patience:.0f} s: start all of "
            "them with the same server and --run, and each with a role of its own."
        )


def _await_the_waiting(bystander: Session, role: int, patience: float) -> None:
    """Until the victim's row has what the client that waited for it adds."""
    if not _comes_true(lambda: bystander.read(role) >= NEXT, patience):
        raise AbsentError(f"the client that waited for this one's row has not committed after {patience:.0f} s.")


def _comes_true(condition: Callable[[], bool], patience: float) -> bool:
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
