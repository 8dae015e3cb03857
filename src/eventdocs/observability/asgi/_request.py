"""The request at hand: what is known of it and shared by everything that serves it."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

import attrs

from eventdocs.observability.asgi._problems import Problem, Problems
from eventdocs.observability.asgi._protocol import Scope

_KEY: Final = "eventdocs.request"


@attrs.define(kw_only=True)
class Request:
    """What is found out while a request is served; one object, however scopes are copied.

    Attributes:
        problems: How errors are answered.
        user_id: Who asks.
        error: What went wrong.
    """

    problems: Problems
    user_id: str | None = None
    error: Exception | None = None


current_request: ContextVar[Request | None] = ContextVar("eventdocs_request", default=None)


def attach(request: Request, scope: Scope) -> None:
    """Let everything that gets *scope* find *request*."""
    scope[_KEY] = request


def identify_user(user_id: str) -> None:
    """Say who makes the request at hand, for the access log; nothing outside of a request.

    What authenticates calls it, also in a thread or a dependency of a framework. Events get
    an actor by `eventdocs.correlate(actor=...)`.
    """
    request = current_request.get()
    if request is not None:
        request.user_id = user_id


def problem_for(scope: Scope, error: Exception) -> Problem:
    """Tell how *error* is to be answered, for the error handlers of a framework.

    `RequestMiddleware` answers what an application raises. A framework that answers errors
    itself, as Litestar does, or a handler of one's own, asks here; the error is in the
    access log then, too.

    Args:
        scope: The request's, which frameworks call `request.scope`.
        error: What was raised.
    """
    request: Request | None = scope.get(_KEY)
    if request is None:
        return Problems().of(error)
    request.error = error
    return request.problems.of(error)
