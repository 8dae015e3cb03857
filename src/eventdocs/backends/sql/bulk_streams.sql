-- Say at which versions some streams stand now.
INSERT INTO @schema@.eventdocs_streams (stream, version)
SELECT moved.stream, moved.version
FROM unnest(CAST(:streams AS text[]), CAST(:versions AS bigint[])) AS moved (stream, version)
ON CONFLICT (stream) DO UPDATE SET version = excluded.version
