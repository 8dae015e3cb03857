"""Filters that keep a host's Alembic from judging tables that are not the host's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_PREFIX: Final = "eventdocs_"


def include_name(name: str | None, type_: str, parent_names: Mapping[str, str | None]) -> bool:
    """Tell Alembic to look at a thing that it met in the database, unless it is of our making.

    Give it to `context.configure(include_name=…)` in the host's `env.py`.

    Args:
        name: What the thing is called.
        type_: What it is, such as `table`.
        parent_names: What it belongs to.

    Returns:
        False for the tables of the log, of projections and of contents, and for our read
        models, and so for all that belongs to them.
    """
    table = name if type_ == "table" else parent_names.get("table_name")
    return table is None or not table.startswith(_PREFIX)


def include_object(
    object_: object,  # noqa: ARG001 - Alembic passes it
    name: str | None,
    type_: str,
    reflected: bool,  # noqa: ARG001 - Alembic passes it
    compare_to: object,  # noqa: ARG001 - Alembic passes it
) -> bool:
    """Tell Alembic to compare a thing, unless it is of our making.

    Give it to `context.configure(include_object=…)` where the host's own metadata hold our
    tables too, such as those of a read model that its queries join.

    Args:
        object_: The table, column or other thing.
        name: What it is called.
        type_: What it is, such as `table`.
        reflected: Whether it was met in the database.
        compare_to: What it would be compared to, if there is something.

    Returns:
        False for our tables, and so for all that belongs to them.
    """
    return type_ != "table" or name is None or not name.startswith(_PREFIX)
