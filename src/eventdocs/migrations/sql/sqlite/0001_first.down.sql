-- Loses: every event, the content store, and the checkpoints of all projections.

DROP TABLE eventdocs_content_references;
DROP TABLE eventdocs_contents;
DROP TABLE eventdocs_dead_letters;
DROP TABLE eventdocs_projections;
DROP TABLE eventdocs_events;
DROP TABLE eventdocs_streams;
DROP TABLE eventdocs_store;
