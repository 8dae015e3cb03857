-- Record units of appends; returns one row per append, refused ones included.
SELECT outcome, stream_version, sequences, versions, guilty
FROM @schema@.eventdocs_append_all(
    CAST(:units AS integer[]),
    CAST(:streams AS text[]),
    CAST(:stream_of AS integer[]),
    CAST(:expected AS bigint[]),
    CAST(:sizes AS integer[]),
    CAST(:append_of AS integer[]),
    CAST(:ids AS uuid[]),
    CAST(:types AS text[]),
    CAST(:schema_versions AS integer[]),
    CAST(:payloads AS text[]),
    CAST(:digests AS bytea[]),
    CAST(:metadata AS text[]),
    CAST(:correlation_ids AS text[]),
    CAST(:causation_ids AS uuid[]),
    CAST(:skip_locked AS boolean),
    CAST(:patience AS integer)
)
