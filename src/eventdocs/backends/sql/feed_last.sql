-- Tell the last sequence that was given out; NULL on a standby, which does not know the locks.
SELECT
    CASE
        WHEN pg_is_in_recovery() THEN NULL
        WHEN sequence.is_called THEN sequence.last_value
        ELSE 0
    END
FROM @schema@.eventdocs_sequence AS sequence
