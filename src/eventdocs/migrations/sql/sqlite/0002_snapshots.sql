-- States that deciders keep, so that long streams need not be folded from zero.

CREATE TABLE eventdocs_snapshots (
    stream TEXT NOT NULL,
    name TEXT NOT NULL,
    schema_version INTEGER NOT NULL,
    version INTEGER NOT NULL,
    event_id CHAR(32) NOT NULL,
    state TEXT NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (stream, name, schema_version)
);
