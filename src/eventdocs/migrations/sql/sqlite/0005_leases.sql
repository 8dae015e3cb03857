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
