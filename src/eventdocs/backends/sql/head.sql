-- Tell how far the log is settled, and the last event that far.
--
-- One statement is enough: whoever reads after it has a younger snapshot.
WITH settled AS MATERIALIZED (SELECT @schema@.eventdocs_watermark() AS mark)
SELECT
    settled.mark,
    (
        SELECT coalesce(max(event.sequence), 0)
        FROM @schema@.eventdocs_events AS event
        WHERE event.sequence <= settled.mark
    )
FROM settled
