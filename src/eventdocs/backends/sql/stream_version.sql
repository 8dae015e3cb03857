-- Tell the version of a stream's last event; no row if there is no such stream.
SELECT version FROM @schema@.eventdocs_streams WHERE stream = CAST(:stream AS text)
