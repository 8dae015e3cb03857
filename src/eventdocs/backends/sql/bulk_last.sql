-- Tell the last event up to a sequence; no row if there is none.
SELECT sequence, id
FROM @schema@.eventdocs_events
WHERE sequence <= CAST(:until AS bigint)
ORDER BY sequence DESC
LIMIT 1
