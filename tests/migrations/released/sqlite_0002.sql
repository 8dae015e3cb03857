-- 2 snapshots

BEGIN;

-- States that deciders keep, so that long streams need not be folded from zero.

CREATE TABLE eventdocs_snapshots (
    stream TEXT NOT NULL,
    name TEXT NOT NULL,
    schema_version INTEGER NOT NULL,
    version INTEGER NOT NULL,
    event_id CHAR(32) NOT NULL,
    state TEXT NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (stream, name, schema_version)
);

INSERT INTO eventdocs_migrations (version, name, checksum, applied_at) VALUES (2, 'snapshots', 'b35ef971b3c06274f7ff5e31f3c8ae122bb3acdee8f91609871ff27d84ca04d8', strftime('%Y-%m-%d %H:%M:%f000', 'now'));

COMMIT;

INSERT INTO eventdocs_snapshots (stream, name, schema_version, version, event_id, state, digest)
VALUES ('box-1', 'box', 1, 2, '00000000000000000000000000000002', '["tea","salt"]', x'00');
