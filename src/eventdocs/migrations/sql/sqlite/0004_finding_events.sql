-- Events found by correlation id, actor and time; an index holds only events that have one.

DROP INDEX eventdocs_events_correlation_id;

CREATE INDEX eventdocs_events_correlation_id ON eventdocs_events (correlation_id, sequence)
WHERE correlation_id IS NOT NULL;

CREATE INDEX eventdocs_events_actor ON eventdocs_events (json_extract(metadata, '$."actor"'), sequence)
WHERE json_extract(metadata, '$."actor"') IS NOT NULL;

CREATE INDEX eventdocs_events_recorded_at ON eventdocs_events (recorded_at);
