-- Loses: every event, the content store, and the checkpoints of all projections.

DROP FUNCTION @schema@.eventdocs_watermark;
DROP FUNCTION @schema@.eventdocs_append;
DROP FUNCTION @schema@.eventdocs_hold_watermark;
DROP FUNCTION @schema@.eventdocs_namespace;
DROP TABLE @schema@.eventdocs_content_references;
DROP TABLE @schema@.eventdocs_contents;
DROP TABLE @schema@.eventdocs_dead_letters;
DROP TABLE @schema@.eventdocs_projections;
DROP TABLE @schema@.eventdocs_events;
DROP TABLE @schema@.eventdocs_streams;
DROP SEQUENCE @schema@.eventdocs_sequence;
DROP TABLE @schema@.eventdocs_store;
