-- Tell the versions of some streams; no row for one that does not exist.
SELECT stream, version
FROM @schema@.eventdocs_streams
WHERE stream = ANY (CAST(:streams AS text[]))
