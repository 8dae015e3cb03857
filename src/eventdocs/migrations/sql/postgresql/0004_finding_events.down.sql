-- The indexes as they were.

DROP INDEX @schema@.eventdocs_events_recorded_at;

DROP INDEX @schema@.eventdocs_events_actor;

DROP INDEX @schema@.eventdocs_events_correlation_id;

CREATE INDEX eventdocs_events_correlation_id ON @schema@.eventdocs_events (correlation_id)
WHERE correlation_id IS NOT NULL;
