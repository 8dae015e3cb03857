-- The indexes as they were.

DROP INDEX eventdocs_events_recorded_at;

DROP INDEX eventdocs_events_actor;

DROP INDEX eventdocs_events_correlation_id;

CREATE INDEX eventdocs_events_correlation_id ON eventdocs_events (correlation_id)
WHERE correlation_id IS NOT NULL;
