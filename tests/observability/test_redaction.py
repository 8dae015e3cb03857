"""Redaction: planted secrets do not come out, and what is none stays readable."""

from __future__ import annotations

import json
import logging
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from eventdocs.observability import JSONFormatter, ReadableFormatter, Redactor

SECRET = "hunter2-Tr0ub4dor"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"

PLANTED = [
    f"cannot reach postgresql://app:{SECRET}@db:5432/library",
    f"cannot reach postgresql+asyncpg://app:{SECRET}/with@signs@db/library?ssl=1",
    f"dial redis://:{SECRET}@cache",
    f"password={SECRET} host=db",
    f"PGPASSWORD: '{SECRET}'",
    f'{{"api_key": "{SECRET}", "name": "x"}}',
    f"{{'client_secret': '{SECRET}'}}",
    f"GET /callback?state=1&access_token={SECRET}&x=2",
    f"Authorization: Bearer {SECRET}",
    f"Authorization: Basic {SECRET}",
    f"Cookie: {SECRET}; path=/",
    f"sent header bearer {SECRET}",
    f"Settings(session_key='{SECRET}')",
    f"x-amz-signature={SECRET}",
    f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET.replace('-', '+')}\n-----END RSA PRIVATE KEY-----",
    f"token was {TOKEN}",
    f"[SQL: SELECT 1]\n[parameters: ('{SECRET}',)]\n(Background on this error)",
    f"duplicate key\nDETAIL:  Key (name)=({SECRET}) already exists.",
]


@pytest.mark.parametrize("planted", PLANTED)
@pytest.mark.parametrize("formatter", [JSONFormatter(), ReadableFormatter()])
def test_no_line_shows_a_secret(planted: str, formatter: logging.Formatter) -> None:
    """Wherever it stands: in the message, a fact, a fact inside a fact, or an error."""
    made = logging.makeLogRecord({"msg": planted, "levelname": "INFO"})
    made.__dict__ |= {"reason": planted, "facts": {"inner": [planted]}, "given": {planted: 1}}
    try:
        raise ValueError(planted)
    except ValueError:
        made.exc_info = sys.exc_info()

    line = formatter.format(made)

    # The source line of the traceback names the variable, not its value.
    for secret in (SECRET, SECRET.replace("-", "+"), TOKEN):
        assert secret not in line


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "DB_PASSWORD",
        "passwd",
        "apiKey",
        "x-api-key",
        "Authorization",
        "set-cookie",
        "refresh_token",
        "client_secret",
        "session_id",
        "privateKey",
        "credentials",
        "passphrase",
    ],
)
@pytest.mark.parametrize("value", [SECRET, [SECRET], {"a": SECRET}, SECRET.encode()])
def test_a_fact_with_the_name_of_a_secret_is_hidden(name: str, value: object) -> None:
    """Its name says so, whatever it holds, also inside another fact."""
    assert Redactor().fact(name, value) == "***"
    assert Redactor().fact("headers", {name: value}) == {name: "***"}


@pytest.mark.parametrize(
    "harmless",
    [
        "eventdocs.append.refused",
        "postgresql://app@db:5432/library",
        "stream 'document-7': expected 3, but its version is 4",
        "see https://example.org/a:b/c",
        "basic knowledge is a bearer of meaning",
        "12:30:00 at work",
        "the key of a map, tokens of a parser",
    ],
)
def test_what_is_no_secret_stays_as_it_is(harmless: str) -> None:
    """Lines remain useful."""
    assert Redactor().text(harmless) == harmless
    assert Redactor().fact("reason", harmless) == harmless


def test_numbers_are_shown_under_any_name() -> None:
    """A fencing token counts, and so do the tokens of a prompt."""
    assert Redactor().fact("token", 7) == 7
    assert Redactor().fact("max_tokens", 4_000) == 4_000


@given(
    st.text(min_size=4).filter(lambda text: text.strip("*")),
    st.text(),
    st.text(),
)
def test_known_secrets_are_hidden_anywhere(secret: str, before: str, after: str) -> None:
    """What was told to be a secret needs no name or form to be known by."""
    redactor = Redactor([secret, "another secret"])

    assert secret not in redactor.text(f"{before}{secret}{after}").replace("***", "\0")


def test_what_a_database_quotes_of_rows_is_hidden() -> None:
    """SQLAlchemy's errors carry the values of the statement that failed."""
    engine = create_engine("sqlite://")
    made = logging.makeLogRecord({"msg": "failed"})
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT * FROM missing WHERE a = :a"), {"a": SECRET})
    except SQLAlchemyError:
        made.exc_info = sys.exc_info()
    engine.dispose()

    line = json.loads(JSONFormatter().format(made))

    assert "no such table" in line["exception"]["message"]
    assert SECRET not in json.dumps(line)


@pytest.mark.parametrize(
    "hostile",
    [
        "://a:" * 4000 + "@",
        "a" * 20000 + "=",
        "eyJ-" * 5000,
        "token=" * 4000,
        "-" * 20000,
        "password" * 3000,
        "-----BEGIN PRIVATE KEY" * 1000,
        "bearer " * 3000,
    ],
)
def test_no_text_makes_it_slow(hostile: str) -> None:
    """Requests bring texts of a stranger's choice; these would cost minutes if it went wrong."""
    began_at = time.process_time()

    Redactor().text(hostile)

    assert time.process_time() - began_at < 1.0
