-- 5 leases

BEGIN;

-- Leases, so that one runner at a time moves a projection, and the token that fences off the last.

ALTER TABLE eventdocs_projections ADD COLUMN token bigint NOT NULL DEFAULT 0;

CREATE TABLE eventdocs_leases (
    name text NOT NULL PRIMARY KEY,
    owner text NOT NULL,
    token bigint NOT NULL,
    acquired_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

INSERT INTO eventdocs_migrations (version, name, checksum, applied_at) VALUES (5, 'leases', '36033ef74832df95f1eb655257a047c41ae213a2e72c96161441adace820f16a', now());

COMMIT;

INSERT INTO eventdocs_leases (name, owner, token, acquired_at, expires_at)
VALUES ('p', 'host:1:a', 7, '2026-01-01 00:00:00+00', '2026-01-01 00:01:00+00');
UPDATE eventdocs_projections SET token = 7;
