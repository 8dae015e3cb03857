-- Tell the identity of the log.
SELECT store_id FROM @schema@.eventdocs_store
