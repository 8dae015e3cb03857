"""The decider: what happens when something is asked of a document.

A command carries contents as bytes; the events it leads to name them by digest.
Asking for what is so already leads to no events.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import ClassVar, Final

import attrs

from eventdocs.documents._contents import Content
from eventdocs.documents._events import DocumentEvent
from eventdocs.documents._state import Document, Lifecycle
from eventdocs.errors import CommandRefusedError

STANDS: Final[Mapping[Lifecycle, str]] = {
    "absent": "there is no such document",
    "live": "the document is there already",
    "archived": "the document is archived; restore it first",
    "erased": "the document was erased; bring it in again under an id of its own",
}


@attrs.frozen(kw_only=True)
class Command(abc.ABC):
    """Something asked of a document; see `decide`."""

    possible: ClassVar[frozenset[Lifecycle]] = frozenset({"live"})

    @abc.abstractmethod
    def lead_to(self, state: Document) -> tuple[DocumentEvent, ...]:
        """Tell what happens; *state* is one in which the command is possible."""

    def refuse(self, state: Document, reason: str) -> CommandRefusedError:
        """Make the error that says why not."""
        return CommandRefusedError(state.document_id, type(self).__name__, reason)


def decide(state: Document, command: Command) -> tuple[DocumentEvent, ...]:
    """Decide what happens when *command* is given in *state*. Pure.

    Returns:
        The events, in order; none if what is asked for is so already.

    Raises:
        CommandRefusedError: The command makes no sense now; the error says why.
    """
    if state.lifecycle not in command.possible:
        raise command.refuse(state, STANDS[state.lifecycle])
    return command.lead_to(state)


def contents_of(command: Command) -> tuple[Content, ...]:
    """List the contents that the command's events name."""
    values = (getattr(command, field.name) for field in attrs.fields(type(command)))
    return tuple(value for value in values if isinstance(value, Content))
