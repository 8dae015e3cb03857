"""Handlers: the methods of a projector that apply events, and what `handles` says of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypeVar, overload

import attrs
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.errors import EventRegistrationError, ProjectorDefinitionError
from eventdocs.store import RecordedEvent, event_type_of

P = TypeVar("P")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Coroutine[Any, Any, None]])

_One: TypeAlias = Callable[[P, RecordedEvent[T], AsyncConnection], Coroutine[Any, Any, None]]
_Many: TypeAlias = Callable[
    [P, Sequence[RecordedEvent[T]], AsyncConnection], Coroutine[Any, Any, None]
]

_ATTRIBUTE = "__eventdocs_handles__"


@attrs.frozen(kw_only=True)
class Handler:
    """One method of a projector that applies events.

    Attributes:
        method: Its name.
        event_classes: What it applies.
        batch: It takes a sequence of events instead of a single one.
        side_effects: It does what can be done only once, so it takes no part in a rebuild.
    """

    method: str
    event_classes: tuple[type, ...]
    batch: bool
    side_effects: bool = False


@overload
def handles(
    event_class: type[T], /, *, batch: Literal[False] = False, side_effects: bool = False
) -> Callable[[_One[P, T]], _One[P, T]]: ...
@overload
def handles(
    event_class: type[T], /, *, batch: Literal[True], side_effects: bool = False
) -> Callable[[_Many[P, T]], _Many[P, T]]: ...
@overload
def handles(
    first: type, second: type, /, *more: type, batch: bool = False, side_effects: bool = False
) -> Callable[[F], F]: ...
def handles(
    *event_classes: type, batch: bool = False, side_effects: bool = False
) -> Callable[[Any], Any]:
    """Declare the decorated coroutine method to apply events of these classes.

    The method gets the event and the transaction in which its effect commits together
    with the projection's checkpoint. It leaves the transaction open, and writes nowhere
    but through it: a batch that fails is rolled back and handed over again.

    Args:
        event_classes: At least one class declared with `event`.
        batch: Hand over a sequence of events that directly follow one another among
            those the projector handles, in order, for bulk writes.
        side_effects: The method does something outside of the database, such as sending
            a message, and writes none of the projector's tables. It is called when an
            event is first applied, or applied again after a failure, and not when
            the read model is rebuilt or verified.

    Raises:
        ProjectorDefinitionError: The method is decorated twice.
    """

    def declare(method: Any) -> Any:
        if _declared(method) is not None:
            raise ProjectorDefinitionError(
                method.__qualname__, "it is decorated twice; name all classes in one @handles(...)"
            )
        setattr(method, _ATTRIBUTE, (event_classes, batch, side_effects))
        return method

    return declare


def handlers_in(cls: type) -> Mapping[str, Handler]:
    """Find the handlers of *cls* and its bases by the names of the event types they apply.

    Raises:
        ProjectorDefinitionError: A handler is no coroutine method of an event and a
            transaction, an event class is not declared or handled twice, or a handler
            is overridden by a method that is none.
    """
    found: dict[str, Handler] = {}
    methods: set[str] = {
        name for base in cls.__mro__ for name, value in vars(base).items() if _declared(value)
    }
    for method in sorted(methods):
        function = inspect.getattr_static(cls, method)
        declared = _declared(function)
        if declared is None:
            raise ProjectorDefinitionError(
                cls.__qualname__, f"{method} overrides a handler without being one; add @handles"
            )
        event_classes, batch, side_effects = declared
        _check_signature(cls, method, function)
        handler = Handler(
            method=method, event_classes=event_classes, batch=batch, side_effects=side_effects
        )
        for name in _type_names(cls, handler):
            if name in found:
                raise ProjectorDefinitionError(
                    cls.__qualname__,
                    f"both {found[name].method} and {method} handle event type {name!r}",
                )
            found[name] = handler
    return found


def _declared(value: object) -> tuple[tuple[type, ...], bool, bool] | None:
    return getattr(value, _ATTRIBUTE, None)


def _check_signature(cls: type, method: str, function: Any) -> None:
    if not inspect.iscoroutinefunction(function):
        raise ProjectorDefinitionError(cls.__qualname__, f"{method} must be an async method")
    try:
        inspect.signature(function).bind(None, None, None)
    except TypeError as error:
        raise ProjectorDefinitionError(
            cls.__qualname__, f"{method} must take self, what to apply and a transaction ({error})"
        ) from None


def _type_names(cls: type, handler: Handler) -> list[str]:
    if not handler.event_classes:
        raise ProjectorDefinitionError(
            cls.__qualname__, f"{handler.method}: @handles needs an event class"
        )
    try:
        return [event_type_of(each).name for each in handler.event_classes]
    except (EventRegistrationError, TypeError) as error:
        raise ProjectorDefinitionError(
            cls.__qualname__, f"{handler.method} handles what is no event: {error}"
        ) from error
