-- Leases, so that one runner at a time moves a projection, and the token that fences off the last.

ALTER TABLE @schema@.eventdocs_projections ADD COLUMN token bigint NOT NULL DEFAULT 0;

CREATE TABLE @schema@.eventdocs_leases (
    name text NOT NULL PRIMARY KEY,
    owner text NOT NULL,
    token bigint NOT NULL,
    acquired_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
