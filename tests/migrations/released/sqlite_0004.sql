-- 4 finding_events

BEGIN;

DROP INDEX IF EXISTS eventdocs_events_correlation_id;

DROP INDEX IF EXISTS eventdocs_events_correlation_id;

CREATE INDEX eventdocs_events_correlation_id ON eventdocs_events (correlation_id, sequence)
WHERE correlation_id IS NOT NULL;

DROP INDEX IF EXISTS eventdocs_events_actor;

CREATE INDEX eventdocs_events_actor ON eventdocs_events (json_extract(metadata, '$."actor"'), sequence)
WHERE json_extract(metadata, '$."actor"') IS NOT NULL;

DROP INDEX IF EXISTS eventdocs_events_recorded_at;

CREATE INDEX eventdocs_events_recorded_at ON eventdocs_events (recorded_at);

INSERT INTO eventdocs_migrations (version, name, checksum, applied_at) VALUES (4, 'finding_events', '6c2e90afa5dca1fafb49e2a5903d44243fc21c07a4371a8d0c227fd6936b733f', strftime('%Y-%m-%d %H:%M:%f000', 'now'));

COMMIT;
