-- Events found by correlation id, actor and time; an index holds only events that have one.

DROP INDEX @schema@.eventdocs_events_correlation_id;

CREATE INDEX eventdocs_events_correlation_id ON @schema@.eventdocs_events (correlation_id, sequence)
WHERE correlation_id IS NOT NULL;

CREATE INDEX eventdocs_events_actor ON @schema@.eventdocs_events ((metadata ->> 'actor'), sequence)
WHERE (metadata ->> 'actor') IS NOT NULL;

-- Times grow with the log's own order but for a little, which is all that BRIN asks for.
CREATE INDEX eventdocs_events_recorded_at ON @schema@.eventdocs_events
USING brin (recorded_at) WITH (pages_per_range = 32, autosummarize = on);
