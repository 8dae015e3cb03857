-- 1 first

BEGIN;

CREATE TABLE IF NOT EXISTS eventdocs_migrations (
	version INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	checksum TEXT NOT NULL, 
	applied_at DATETIME NOT NULL, 
	PRIMARY KEY (version)
);

-- The log, the bookkeeping of projections and the content store.

CREATE TABLE eventdocs_store (
    only_row INTEGER NOT NULL,
    store_id CHAR(32) NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (only_row),
    CONSTRAINT eventdocs_store_only_row CHECK (only_row = 1)
);

INSERT INTO eventdocs_store (only_row, store_id, created_at)
VALUES (
    1,
    -- A random UUID (RFC 9562, version 4).
    lower(
        hex(randomblob(6)) || '4' || substr(hex(randomblob(2)), 2)
        || substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2)
        || hex(randomblob(6))
    ),
    strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now')
);

CREATE TABLE eventdocs_streams (
    stream TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (stream)
) WITHOUT ROWID;

-- AUTOINCREMENT: a sequence is never given twice, not even after its row was removed.
CREATE TABLE eventdocs_events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    stream TEXT NOT NULL,
    version INTEGER NOT NULL,
    category TEXT NOT NULL,
    id CHAR(32) NOT NULL,
    type TEXT NOT NULL,
    schema_version INTEGER NOT NULL,
    data TEXT NOT NULL,
    digest BLOB NOT NULL,
    metadata TEXT NOT NULL,
    correlation_id TEXT,
    causation_id CHAR(32),
    recorded_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now')),
    CONSTRAINT eventdocs_events_stream_version UNIQUE (stream, version),
    CONSTRAINT eventdocs_events_id UNIQUE (id)
);

CREATE INDEX eventdocs_events_category ON eventdocs_events (category, sequence);

CREATE INDEX eventdocs_events_type ON eventdocs_events (type, sequence);

CREATE INDEX eventdocs_events_correlation_id ON eventdocs_events (correlation_id)
WHERE correlation_id IS NOT NULL;

CREATE TABLE eventdocs_projections (
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    store_id CHAR(32) NOT NULL,
    sequence INTEGER NOT NULL,
    event_id CHAR(32),
    status TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    updated_at DATETIME NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE eventdocs_dead_letters (
    projection TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    event_id CHAR(32) NOT NULL,
    stream TEXT NOT NULL,
    type TEXT NOT NULL,
    state TEXT NOT NULL,
    error_type TEXT,
    message TEXT,
    traceback TEXT,
    attempts INTEGER NOT NULL,
    correlation_id TEXT,
    recorded_at DATETIME NOT NULL,
    resolved_at DATETIME,
    resolution TEXT,
    PRIMARY KEY (projection, sequence),
    FOREIGN KEY (projection) REFERENCES eventdocs_projections (name) ON DELETE CASCADE
);

CREATE INDEX eventdocs_dead_letters_stream
ON eventdocs_dead_letters (projection, stream, sequence);

CREATE TABLE eventdocs_contents (
    digest TEXT NOT NULL,
    size INTEGER NOT NULL,
    content BLOB NOT NULL,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (digest)
);

CREATE TABLE eventdocs_content_references (
    document_id CHAR(32) NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (document_id, digest),
    FOREIGN KEY (digest) REFERENCES eventdocs_contents (digest)
);

CREATE INDEX eventdocs_content_references_digest ON eventdocs_content_references (digest);

INSERT INTO eventdocs_migrations (version, name, checksum, applied_at) VALUES (1, 'first', 'f06f00e817eced19dfac5647eddee2a38f04899d9db3d8f70e4380c8f37eb471', strftime('%Y-%m-%d %H:%M:%f000', 'now'));

COMMIT;

INSERT INTO eventdocs_streams (stream, version) VALUES ('box-1', 2);
INSERT INTO eventdocs_events (sequence, stream, version, category, id, type, schema_version, data, digest, metadata, correlation_id)
VALUES
    (1, 'box-1', 1, 'box', '00000000000000000000000000000001', 'Filled', 1, '{"what":"tea"}', x'00', '{}', 'c1'),
    (2, 'box-1', 2, 'box', '00000000000000000000000000000002', 'Filled', 1, '{"what":"salt"}', x'00', '{"actor":"ada"}', NULL);
INSERT INTO eventdocs_contents (digest, size, content, created_at) VALUES ('d1', 3, x'746561', '2026-01-01 00:00:00.000000');
INSERT INTO eventdocs_content_references (document_id, digest) VALUES ('00000000000000000000000000000009', 'd1');
INSERT INTO eventdocs_projections (name, version, store_id, sequence, event_id, status, fingerprint, updated_at)
SELECT 'p', 1, store_id, 2, '00000000000000000000000000000002', 'parked', 'f', '2026-01-01 00:00:00.000000' FROM eventdocs_store;
INSERT INTO eventdocs_dead_letters (projection, sequence, event_id, stream, type, state, attempts, recorded_at, resolved_at)
VALUES
    ('p', 1, '00000000000000000000000000000001', 'box-1', 'Filled', 'resolved', 1, '2026-01-01 00:00:00.000000', '2026-01-02 00:00:00.000000'),
    ('p', 2, '00000000000000000000000000000002', 'box-1', 'Filled', 'failed', 3, '2026-01-01 00:00:00.000000', NULL);
