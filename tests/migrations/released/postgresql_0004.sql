-- 4 finding_events

BEGIN;

DROP INDEX IF EXISTS eventdocs_events_correlation_id;

DROP INDEX IF EXISTS eventdocs_events_correlation_id;

CREATE INDEX eventdocs_events_correlation_id ON eventdocs_events (correlation_id, sequence)
WHERE correlation_id IS NOT NULL;

DROP INDEX IF EXISTS eventdocs_events_actor;

CREATE INDEX eventdocs_events_actor ON eventdocs_events ((metadata ->> 'actor'), sequence)
WHERE (metadata ->> 'actor') IS NOT NULL;

DROP INDEX IF EXISTS eventdocs_events_recorded_at;

CREATE INDEX eventdocs_events_recorded_at ON eventdocs_events
USING brin (recorded_at) WITH (pages_per_range = 32, autosummarize = on);

INSERT INTO eventdocs_migrations (version, name, checksum, applied_at) VALUES (4, 'finding_events', 'eadd212d86ad21ea3e21824af61bec154ea79b550f99fc6b20467aa980799d22', now());

COMMIT;
