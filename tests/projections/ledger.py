"""Read models that are hurt by every mistake: counters, upserts, deletes, and foreign keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import attrs
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, Text, delete, insert, select
from sqlalchemy import update as sql_update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.projections import Projector, handles
from eventdocs.store import EventStore, RecordedEvent, event

Rows: TypeAlias = Mapping[str, set[tuple[Any, ...]]]
"""Tables by their kind, as sets of rows."""


@event("Opened")
@attrs.frozen(kw_only=True)
class Opened:
    """An account was opened, or opened again."""

    account: str
    owner: str


@event("Deposited")
@attrs.frozen(kw_only=True)
class Deposited:
    """Money came into an account."""

    account: str
    amount: int


@event("Closed")
@attrs.frozen(kw_only=True)
class Closed:
    """An account was closed, and what was in it paid out."""

    account: str


Happened: TypeAlias = Opened | Deposited | Closed

EVENTS = (Opened, Deposited, Closed)


class Accounts(Projector):
    """All accounts there have ever been, and their latest owners: upserts."""

    name = "accounts"
    version = 1
    accounts: Table

    @handles(Opened)
    async def open(self, event: RecordedEvent[Opened], tx: AsyncConnection) -> None:
        """Write down an account, or its new owner."""
        table = self.accounts
        upsert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
        owner = event.data.owner
        await tx.execute(
            upsert(table)
            .values(account=event.data.account, owner=owner, openings=1)
            .on_conflict_do_update(
                index_elements=[table.c.account],
                set_={"owner": owner, "openings": table.c.openings + 1},
            )
        )


class Balances(Projector):
    """What is in each open account: counters and deletes behind a foreign key."""

    name = "balances"
    version = 1
    balances: Table

    @handles(Opened)
    async def open(self, event: RecordedEvent[Opened], tx: AsyncConnection) -> None:
        """Begin with nothing."""
        await tx.execute(insert(self.balances).values(account=event.data.account, balance=0))

    @handles(Deposited, batch=True)
    async def deposit(
        self, events: Sequence[RecordedEvent[Deposited]], tx: AsyncConnection
    ) -> None:
        """Count what comes in."""
        table = self.balances
        for each in events:
            await tx.execute(
                sql_update(table)
                .where(table.c.account == each.data.account)
                .values(balance=table.c.balance + each.data.amount)
            )

    @handles(Closed)
    async def close(self, event: RecordedEvent[Closed], tx: AsyncConnection) -> None:
        """Forget the account."""
        table = self.balances
        await tx.execute(delete(table).where(table.c.account == event.data.account))


@attrs.frozen(kw_only=True)
class Ledger:
    """Both projectors on tables of their own, and how to read these."""

    accounts: Accounts
    balances: Balances

    @property
    def projectors(self) -> list[Projector]:
        """Both, in the order of their dependency."""
        return [self.accounts, self.balances]

    async def rows(self, store: EventStore) -> Rows:
        """Read what they have written."""
        async with store.connect() as connection:
            return {
                kind: {tuple(row) for row in await connection.execute(select(table))}
                for kind, table in (
                    ("accounts", self.accounts.accounts),
                    ("balances", self.balances.balances),
                )
            }


def make_ledger(suffix: int | str = "") -> Ledger:
    """Make projectors with names and tables of their own."""
    metadata = MetaData()
    accounts = Table(
        f"accounts{suffix}",
        metadata,
        Column("account", Text, primary_key=True),
        Column("owner", Text, nullable=False),
        Column("openings", Integer, nullable=False),
    )
    balances = Table(
        f"balances{suffix}",
        metadata,
        Column("account", Text, ForeignKey(accounts.c.account), primary_key=True),
        Column("balance", Integer, nullable=False),
    )
    of_accounts: type[Accounts] = type(
        "OwnAccounts",
        (Accounts,),
        {"name": accounts.name, "tables": (accounts,), "accounts": accounts},
    )
    of_balances: type[Balances] = type(
        "OwnBalances",
        (Balances,),
        {
            "name": balances.name,
            "tables": (balances,),
            "balances": balances,
            "depends_on": (of_accounts,),
        },
    )
    return Ledger(accounts=of_accounts(), balances=of_balances())


def fold(history: Iterable[Happened]) -> Rows:
    """Say what the tables must hold: the oracle."""
    owners: dict[str, tuple[str, int]] = {}
    balances: dict[str, int] = {}
    for each in history:
        match each:
            case Opened(account=account, owner=owner):
                owners[account] = (owner, owners.get(account, ("", 0))[1] + 1)
                balances[account] = 0
            case Deposited(account=account, amount=amount):
                balances[account] += amount
            case Closed(account=account):
                del balances[account]
    return {
        "accounts": {(account, *rest) for account, rest in owners.items()},
        "balances": set(balances.items()),
    }


def some_history(number: int = 0) -> list[Happened]:
    """Let everything happen, so that every event that is lost or repeated shows.

    Args:
        number: Makes the accounts others than those of other numbers.
    """
    a, b = f"a{number}", f"b{number}"
    return [
        Opened(account=a, owner="Ada"),
        Deposited(account=a, amount=3),
        Deposited(account=a, amount=4),
        Opened(account=b, owner="Bea"),
        Closed(account=a),
        Opened(account=a, owner="Cleo"),
        Deposited(account=a, amount=5),
    ]


async def append_all(store: EventStore, history: Iterable[Happened]) -> None:
    """Append the events in order."""
    await store.append("accounts", list(history))
