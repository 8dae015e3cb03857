"""Problem details: every error of ours has an answer, and none tells what is inside."""

from __future__ import annotations

import inspect
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import attrs
import pytest

from eventdocs import errors
from eventdocs.observability import correlate
from eventdocs.observability.asgi import Problem, Problems
from eventdocs.types import Expect

INSIDE = "postgresql://app@db-7/library"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ID = UUID(int=7)

ANSWERS = {
    "WrongExpectedVersionError": 409,
    "EventIdConflictError": 409,
    "InvalidStreamNameError": 400,
    "UnencodableEventError": 422,
    "TransientStoreError": 503,
    "StoreBusyError": 503,
    "StoreUnavailableError": 503,
    "StoreClosedError": 503,
    "StoreReadOnlyError": 503,
    "StoreFullError": 507,
    "ProjectionTimeoutError": 503,
    "ProjectionHeldError": 409,
    "UnknownProjectionError": 404,
    "UnknownDeadLetterError": 404,
    "UnknownDocumentError": 404,
    "RevisionUnavailableError": 404,
    "CommandRefusedError": 409,
    "UnsupportedFormatError": 415,
    "MissingExtraError": 415,
    "UnreadableDocumentError": 422,
    "ExtractionLimitError": 413,
    "WorkerFailedError": 503,
    "InvalidIRError": 422,
    "InvalidArchiveError": 422,
}
"""What is no internal error."""

VALUES = {
    "int": 7,
    "int | None": 7,
    "float": 1.5,
    "str": INSIDE,
    "UUID": ID,
    "datetime": NOW,
    "Sequence[str]": (INSIDE,),
    "ExpectedVersion": Expect.NO_STREAM,
}


def made(kind: type[errors.EventdocsError]) -> errors.EventdocsError:
    """Make an error of *kind* whose texts all name what nobody outside should read."""
    fields = getattr(kind, "__attrs_attrs__", ())
    return kind(**{each.name: VALUES[str(each.type)] for each in fields})


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_of_ours_has_an_answer(name: str) -> None:
    """What a client can do something about is told as such; the rest is an internal error."""
    problem = Problems().of(made(getattr(errors, name)))

    assert problem.status == ANSWERS.get(name, 500)
    body = json.loads(problem.body())
    assert {"type", "title", "status", "detail"} <= set(body)
    assert body["type"] == "urn:eventdocs:problem:" + body["title"].lower().replace(" ", "-")


@pytest.mark.parametrize("name", errors.__all__)
def test_no_answer_tells_where_the_database_or_a_file_is(name: str) -> None:
    """Addresses, names of streams and files, and the words of databases stay inside."""
    facts = Problems().of(made(getattr(errors, name))).facts

    assert not {"database", "source", "stream", "archive", "document", "candidates"} & set(facts)
    assert name in ANSWERS or not facts


@pytest.mark.parametrize(
    "error",
    [
        errors.StoreUnavailableError(INSIDE, "password authentication failed"),
        errors.StoreReadOnlyError(INSIDE, "permission denied for eventdocs_events"),
        errors.StoreDamagedError(INSIDE, "invalid page in block 7"),
        errors.SchemaTooOldError(INSIDE, 1, 2),
        errors.UndecodableEventError("Noted", 1, 7, "no field text"),
        ValueError("hunter2"),
    ],
)
def test_an_answer_does_not_quote_the_error(error: Exception) -> None:
    """Its words are for those who run the application, who find them in the log."""
    body = Problems().of(error).body().decode()

    for word in ("db-7", "password", "permission", "eventdocs_events", "page", "text", "hunter2"):
        assert word not in body


def test_facts_help_a_client_to_go_on() -> None:
    """Whoever was second learns where the stream stands."""
    first = Problems().of(errors.WrongExpectedVersionError("document-7", 3, 4))
    none = Problems().of(errors.WrongExpectedVersionError("document-7", Expect.NO_STREAM, 4))

    assert first.facts == {"expected": 3, "actual": 4}
    assert none.facts == {"expected": "no stream", "actual": 4}


def test_a_long_list_of_problems_is_cut() -> None:
    """A client that sends a broken document does not get a larger answer."""
    problem = Problems().of(errors.InvalidIRError([f"nodes[{n}]: wrong" for n in range(1_000)]))

    assert len(problem.facts["problems"]) == 20


class OverdueError(Exception):
    """An error of a host."""

    days = 3


def test_a_host_adds_rules_and_replaces_ours() -> None:
    """The nearest class decides, so that a rule for a parent holds for its children."""

    class LongOverdueError(OverdueError):
        """One below it."""

    def overdue(error: OverdueError) -> Problem:
        return Problem(status=402, title="Overdue", facts={"days": error.days})

    problems = Problems(
        {
            OverdueError: overdue,
            errors.StoreError: lambda _: Problem(status=502, title="Storage"),
        }
    )

    assert problems.of(LongOverdueError()).as_dict() == {
        "days": 3,
        "type": "about:blank",
        "title": "Overdue",
        "status": 402,
    }
    assert problems.of(errors.StoreDamagedError("x", "y")).status == 502
    assert problems.of(errors.StoreBusyError("x", "y")).status == 503
    assert Problems().of(OverdueError()).status == 500


def test_a_rule_that_fails_does_not_hide_the_error(caplog: pytest.LogCaptureFixture) -> None:
    """The client gets an internal error, and the log says which rule is broken."""

    def broken(_: OverdueError) -> Problem:
        raise LookupError("no such template")

    problem = Problems({OverdueError: broken}).of(OverdueError())

    assert problem.status == 500
    (line,) = caplog.records
    assert line.getMessage() == "eventdocs.http.problem_rule_failed"


def test_the_body_bears_the_id_of_the_request_and_its_own_members_count() -> None:
    """A fact cannot pass for a standard member."""
    problem = Problem(status=409, title="Conflict", facts={"status": 200, "id": ID})

    with correlate("request-1"):
        body: dict[str, Any] = json.loads(problem.body())

    assert body == {
        "status": 409,
        "title": "Conflict",
        "type": "about:blank",
        "id": str(ID),
        "correlation_id": "request-1",
    }


def test_every_error_can_be_made_for_these_tests() -> None:
    """A field of a new type would go untested."""
    types = {
        str(field.type)
        for name in errors.__all__
        if attrs.has(kind := getattr(errors, name)) and inspect.isclass(kind)
        for field in attrs.fields(kind)
    }

    assert types <= set(VALUES)
