-- Let the next append draw a sequence beyond the last one that is recorded in bulk.
SELECT setval(
    CAST('@schema@.eventdocs_sequence' AS regclass),
    greatest(CAST(:last AS bigint), CASE WHEN drawn.is_called THEN drawn.last_value ELSE 0 END)
)
FROM @schema@.eventdocs_sequence AS drawn
