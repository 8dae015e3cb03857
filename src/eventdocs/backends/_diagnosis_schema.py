"""Whether a database's tables are those that this eventdocs works with, as diagnoses."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.backends._diagnosis import Diagnosis, diagnosis_of
from eventdocs.errors import EventdocsError, SchemaError
from eventdocs.types import JSONValue


async def differing(
    connection: AsyncConnection, schema: str | None, database: str, facts: dict[str, JSONValue]
) -> list[Diagnosis]:
    """Compare version and tables with the code's; enter the versions in *facts*."""
    from eventdocs.migrations import LATEST, check, drift

    facts["schema_version"] = facts["schema_latest"] = LATEST
    try:
        await check(connection, schema, database=database)
    except EventdocsError as error:
        facts["schema_version"] = error.found if isinstance(error, SchemaError) else None
        return [diagnosis_of(error)]
    return [
        Diagnosis(
            code="schema-differs",
            severity="error",
            message=difference,
            remedy="undo what has changed it: these tables are eventdocs' own",
        )
        for difference in await drift(connection, schema=schema)
    ]
