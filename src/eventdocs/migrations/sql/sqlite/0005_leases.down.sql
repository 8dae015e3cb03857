-- Stop all runners first: without tokens, nothing fences off one that was paused.

DROP TABLE eventdocs_leases;

ALTER TABLE eventdocs_projections DROP COLUMN token;
