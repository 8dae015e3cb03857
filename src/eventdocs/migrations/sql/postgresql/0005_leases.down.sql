-- Stop all runners first: without tokens, nothing fences off one that was paused.

DROP TABLE @schema@.eventdocs_leases;

ALTER TABLE @schema@.eventdocs_projections DROP COLUMN token;
