"""Steps: numbered without gaps, the same on both backends, split where statements end."""

from __future__ import annotations

from eventdocs.migrations import LATEST
from eventdocs.migrations._steps import DIALECTS, split, steps


def test_both_backends_go_through_the_same_steps() -> None:
    """A version means the same wherever it is."""
    names = {
        dialect: [(step.version, step.name) for step in steps(dialect)] for dialect in DIALECTS
    }

    assert names["postgresql"] == names["sqlite"]
    assert [version for version, _ in names["sqlite"]] == list(range(1, LATEST + 1))


def test_a_script_is_split_at_the_ends_of_its_statements_only() -> None:
    """Not at a semicolon in a comment, a literal, a quoted name or a function's body."""
    first = "CREATE TABLE \"a;b\" (x text DEFAULT 'it''s; so') -- no; end\n"
    second = "CREATE FUNCTION f() AS $body$ BEGIN; $$ x; $$ END; $body$ LANGUAGE sql"
    third = "/* a; b */ SELECT 1"

    assert list(split(f"{first};\n\n{second};{third}\n")) == [first.strip(), second, third]


def test_a_schema_qualifies_every_name() -> None:
    """And leaves no token behind."""
    for schema, qualifier in ((None, ""), ("archive", '"archive".')):
        sql = "\n".join(
            statement for step in steps("postgresql") for statement in step.statements(schema)
        )

        assert "@schema@" not in sql
        assert f"CREATE TABLE {qualifier}eventdocs_events" in sql
