-- 5 leases

BEGIN;

-- Leases, so that one runner at a time moves a projection, and the token that fences off the last.

ALTER TABLE eventdocs_projections ADD COLUMN token INTEGER NOT NULL DEFAULT 0;

CREATE TABLE eventdocs_leases (
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    token INTEGER NOT NULL,
    acquired_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL,
    PRIMARY KEY (name)
);

INSERT INTO eventdocs_migrations (version, name, checksum, applied_at) VALUES (5, 'leases', 'e725807564b792f0de9f8e2fe2c8e7264c4401744e106195f46f33a0c923e531', strftime('%Y-%m-%d %H:%M:%f000', 'now'));

COMMIT;

INSERT INTO eventdocs_leases (name, owner, token, acquired_at, expires_at)
VALUES ('p', 'host:1:a', 7, '2026-01-01 00:00:00.000000', '2026-01-01 00:01:00.000000');
UPDATE eventdocs_projections SET token = 7;
