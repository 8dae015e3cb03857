-- Record one event; returns one row, also if it is refused.
SELECT outcome, stream_version, sequences, versions, guilty
FROM @schema@.eventdocs_append_one(
    CAST(:stream AS text),
    CAST(:expected AS bigint),
    CAST(:id AS uuid),
    CAST(:type AS text),
    CAST(:schema_version AS integer),
    CAST(:payload AS text),
    CAST(:digest AS bytea),
    CAST(:metadata AS text),
    CAST(:correlation_id AS text),
    CAST(:causation_id AS uuid),
    CAST(:skip_locked AS boolean),
    CAST(:patience AS integer)
)
