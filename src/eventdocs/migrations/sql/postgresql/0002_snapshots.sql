-- States that deciders keep, so that long streams need not be folded from zero.

CREATE TABLE @schema@.eventdocs_snapshots (
    stream text NOT NULL,
    name text NOT NULL,
    schema_version integer NOT NULL,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    state text NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (stream, name, schema_version)
);
