-- 2 snapshots

BEGIN;

-- States that deciders keep, so that long streams need not be folded from zero.

CREATE TABLE eventdocs_snapshots (
    stream text NOT NULL,
    name text NOT NULL,
    schema_version integer NOT NULL,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    state text NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (stream, name, schema_version)
);

INSERT INTO eventdocs_migrations (version, name, checksum, applied_at) VALUES (2, 'snapshots', '971625945e11ffa8ebf5459e33682e1257c58c175bdd0dde672c0b620f70b97c', now());

COMMIT;

INSERT INTO eventdocs_snapshots (stream, name, schema_version, version, event_id, state, digest)
VALUES ('box-1', 'box', 1, 2, '00000000-0000-0000-0000-000000000002', '["tea","salt"]', '\x00');
