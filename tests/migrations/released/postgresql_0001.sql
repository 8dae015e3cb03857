-- 1 first

BEGIN;

CREATE TABLE IF NOT EXISTS eventdocs_migrations (
	version INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	checksum TEXT NOT NULL, 
	applied_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	PRIMARY KEY (version)
);

-- The log with its two functions, the bookkeeping of projections and the content store.

CREATE TABLE eventdocs_store (
    only_row integer NOT NULL,
    store_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (only_row),
    CONSTRAINT eventdocs_store_only_row CHECK (only_row = 1)
);

INSERT INTO eventdocs_store (only_row, store_id, created_at)
VALUES (1, gen_random_uuid(), now());

-- CACHE 1: a session that held numbers back would let the readers' watermark pass them.
CREATE SEQUENCE eventdocs_sequence AS bigint CACHE 1;

-- Room on each page lets a new version of a row stay beside the old one (HOT).
CREATE TABLE eventdocs_streams (
    stream text NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (stream)
) WITH (fillfactor = 70);

CREATE TABLE eventdocs_events (
    sequence bigint NOT NULL,
    stream text NOT NULL,
    version bigint NOT NULL,
    category text NOT NULL,
    id uuid NOT NULL,
    type text NOT NULL,
    schema_version integer NOT NULL,
    data json NOT NULL,
    digest bytea NOT NULL,
    metadata json NOT NULL,
    correlation_id text,
    causation_id uuid,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (sequence),
    CONSTRAINT eventdocs_events_stream_version UNIQUE (stream, version),
    CONSTRAINT eventdocs_events_id UNIQUE (id)
);

CREATE INDEX eventdocs_events_category ON eventdocs_events (category, sequence);

CREATE INDEX eventdocs_events_type ON eventdocs_events (type, sequence);

CREATE INDEX eventdocs_events_correlation_id ON eventdocs_events (correlation_id)
WHERE correlation_id IS NOT NULL;

-- The half of the advisory lock's key that names this log: 23 bits, above 40 for a sequence.
-- Made from the sequence's oid, so that everybody who draws from the same sequence agrees,
-- under whatever search path; hashed, so that it keeps clear of a host's own small keys.
-- Two logs of one database that met here would wait for each other, and lose nothing.
CREATE FUNCTION eventdocs_namespace() RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
AS $function$
    SELECT hashint8extended('eventdocs_sequence'::regclass::oid::bigint, 20260101)
        & 8388607
$function$;

-- Record a batch of appends; returns one row per append, in order, refused ones included.
--
-- Arguments. Streams are distinct; per append: which of the streams, what is expected of it
-- (a version, -1: nothing, -2: that it exists) and how many events; per event: which append
-- it belongs to, and its fields. Ids are distinct. With `skip_locked`, appends to a stream
-- that another transaction holds come back as 'locked' instead of waiting. Of what has to be
-- waited for all the same, `patience` milliseconds are enough (lock_timeout, for the rest of
-- the transaction); NULL leaves the session's own setting.
--
-- Outcomes. 'recorded'; 'repeated': all ids are stored already with the same content, and
-- the row tells where; 'refused': the stream's version is not as expected; 'conflict': one
-- of the ids, `guilty`, is stored with other content or in another stream; 'locked'.
--
-- Freedom from deadlocks. First the missing streams' rows are inserted in the order of their
-- names: this can wait only for another transaction's uncommitted insert. Then all rows are
-- locked in the same order: this can wait only for rows that were committed before. Whoever
-- holds a lock of the second kind has done with the first, so no chain of waits leads back
-- from the second to the first, and within each the names ascend.
CREATE FUNCTION eventdocs_append(
    streams text[],
    stream_of integer[],
    expected bigint[],
    sizes integer[],
    append_of integer[],
    ids uuid[],
    types text[],
    schema_versions integer[],
    payloads text[],
    digests bytea[],
    metadata text[],
    correlation_ids text[],
    causation_ids uuid[],
    skip_locked boolean,
    patience integer
)
RETURNS TABLE (
    outcome text, stream_version bigint, sequences bigint[], versions bigint[], guilty uuid
)
LANGUAGE plpgsql VOLATILE
-- A session keeps the plans of its first calls, made while the tables were still small.
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
DECLARE
    locked bigint[];
    current bigint[];
    outcomes text[];
    reached bigint[];
    shifts bigint[];
    stored_sequences bigint[];
    stored_versions bigint[];
    stored_same boolean[];
    recorded bigint[];
    before integer;
    taken integer;
    accepted integer;
    stored integer;
    s integer;
BEGIN
    IF patience IS NOT NULL THEN
        PERFORM set_config('lock_timeout', patience::text, true);
    END IF;

    INSERT INTO eventdocs_streams (stream, version)
    SELECT missing.stream, 0
    FROM unnest(streams) AS missing (stream)
    WHERE NOT EXISTS (
        SELECT FROM eventdocs_streams AS present WHERE present.stream = missing.stream
    )
    ORDER BY missing.stream
    ON CONFLICT (stream) DO NOTHING;

    IF skip_locked THEN
        WITH mine AS MATERIALIZED (
            SELECT wanted.place, entry.version
            FROM unnest(streams) WITH ORDINALITY AS wanted (stream, place)
            JOIN eventdocs_streams AS entry ON entry.stream = wanted.stream
            ORDER BY wanted.stream
            FOR UPDATE OF entry SKIP LOCKED
        )
        SELECT array_agg(each.version ORDER BY each.place)
        INTO locked
        FROM (
            SELECT known.place, max(known.version) AS version
            FROM (
                SELECT place, NULL AS version FROM generate_series(1, cardinality(streams)) AS place
                UNION ALL
                SELECT place, version FROM mine
            ) AS known
            GROUP BY known.place
        ) AS each;
    ELSE
        WITH mine AS MATERIALIZED (
            SELECT wanted.place, entry.version
            FROM unnest(streams) WITH ORDINALITY AS wanted (stream, place)
            JOIN eventdocs_streams AS entry ON entry.stream = wanted.stream
            ORDER BY wanted.stream
            FOR UPDATE OF entry
        )
        SELECT array_agg(each.version ORDER BY each.place)
        INTO locked
        FROM (
            SELECT known.place, max(known.version) AS version
            FROM (
                SELECT place, NULL AS version FROM generate_series(1, cardinality(streams)) AS place
                UNION ALL
                SELECT place, version FROM mine
            ) AS known
            GROUP BY known.place
        ) AS each;
    END IF;

    LOOP
        -- After the locks, with a snapshot of its own: what a concurrent append of the same
        -- ids to the same stream has recorded is seen here.
        stored_sequences := NULL;
        IF EXISTS (SELECT FROM eventdocs_events AS event WHERE event.id = ANY (ids)) THEN
            SELECT
                array_agg(event.sequence ORDER BY given.place),
                array_agg(event.version ORDER BY given.place),
                array_agg(
                    event.digest = given.digest AND event.stream = streams[stream_of[given.append]]
                    ORDER BY given.place
                )
            INTO stored_sequences, stored_versions, stored_same
            FROM unnest(ids, digests, append_of) WITH ORDINALITY
                AS given (id, digest, append, place)
            LEFT JOIN eventdocs_events AS event ON event.id = given.id;
        END IF;

        current := locked;
        before := 0;
        accepted := 0;
        FOR a IN 1 .. cardinality(sizes) LOOP
            s := stream_of[a];
            stored := 0;
            IF stored_sequences IS NOT NULL THEN
                stored := sizes[a] - cardinality(
                    array_positions(stored_sequences[before + 1 : before + sizes[a]], NULL)
                );
            END IF;
            IF stored > 0 THEN
                outcomes[a] := CASE
                    WHEN stored = sizes[a]
                        AND true = ALL (stored_same[before + 1 : before + sizes[a]])
                    THEN 'repeated'
                    ELSE 'conflict'
                END;
                reached[a] := 0;
            ELSIF current[s] IS NULL THEN
                outcomes[a] := 'locked';
                reached[a] := 0;
            ELSIF expected[a] = -1 OR expected[a] = current[s]
                OR (expected[a] = -2 AND current[s] > 0)
            THEN
                outcomes[a] := 'recorded';
                shifts[a] := current[s] - before;
                current[s] := current[s] + sizes[a];
                reached[a] := current[s];
                accepted := accepted + sizes[a];
            ELSE
                outcomes[a] := 'refused';
                reached[a] := current[s];
            END IF;
            before := before + sizes[a];
        END LOOP;

        EXIT WHEN accepted = 0;
        PERFORM eventdocs_hold_watermark();

        -- An id that another transaction records at this moment, in another stream, is waited
        -- for here; then everything is judged again, because only its own append is at fault.
        WITH inserted AS (
            INSERT INTO eventdocs_events (
                sequence, stream, version, category, id, type, schema_version,
                data, digest, metadata, correlation_id, causation_id, recorded_at
            )
            SELECT
                nextval('eventdocs_sequence'),
                ordered.stream,
                ordered.version,
                split_part(ordered.stream, '-', 1),
                ordered.id,
                ordered.type,
                ordered.schema_version,
                ordered.payload::json,
                ordered.digest,
                ordered.metadata::json,
                ordered.correlation_id,
                ordered.causation_id,
                clock_timestamp()
            FROM (
                SELECT
                    given.*,
                    streams[stream_of[given.append]] AS stream,
                    shifts[given.append] + given.place AS version
                FROM unnest(
                    append_of, ids, types, schema_versions, payloads,
                    digests, metadata, correlation_ids, causation_ids
                ) WITH ORDINALITY AS given (
                    append, id, type, schema_version, payload,
                    digest, metadata, correlation_id, causation_id, place
                )
                WHERE outcomes[given.append] = 'recorded'
                ORDER BY given.place
            ) AS ordered
            ON CONFLICT (id) DO NOTHING
            RETURNING sequence
        )
        SELECT array_agg(inserted.sequence ORDER BY inserted.sequence) INTO recorded FROM inserted;
        EXIT WHEN cardinality(recorded) = accepted;
        DELETE FROM eventdocs_events AS event WHERE event.sequence = ANY (recorded);
    END LOOP;

    IF accepted > 0 THEN
        UPDATE eventdocs_streams AS entry
        SET version = moved.version
        FROM unnest(streams, current) AS moved (stream, version)
        WHERE entry.stream = moved.stream AND entry.version <> moved.version;
    END IF;
    IF 0 = ANY (current) THEN
        DELETE FROM eventdocs_streams AS entry
        WHERE entry.stream = ANY (streams) AND entry.version = 0;
    END IF;

    before := 0;
    taken := 0;
    FOR a IN 1 .. cardinality(sizes) LOOP
        outcome := outcomes[a];
        stream_version := reached[a];
        sequences := NULL;
        versions := NULL;
        guilty := NULL;
        IF outcome = 'recorded' THEN
            sequences := recorded[taken + 1 : taken + sizes[a]];
            taken := taken + sizes[a];
        ELSIF outcome = 'repeated' THEN
            sequences := stored_sequences[before + 1 : before + sizes[a]];
            versions := stored_versions[before + 1 : before + sizes[a]];
        ELSIF outcome = 'conflict' THEN
            SELECT given.id
            INTO guilty
            FROM unnest(ids, stored_sequences, stored_same, append_of) WITH ORDINALITY
                AS given (id, sequence, same, append, place)
            WHERE given.append = a AND given.sequence IS NOT NULL
            ORDER BY given.same, given.place
            LIMIT 1;
        END IF;
        before := before + sizes[a];
        RETURN NEXT;
    END LOOP;
END;
$function$;

-- Keep readers from passing what this transaction is about to record.
--
-- The shared lock's key holds the last sequence given before; whoever reads later stops
-- there until this transaction has ended and its events are visible. One lock is enough for
-- a transaction. The setting that remembers it lives exactly as long as the lock does: both
-- end with the transaction, or when the savepoint they were made in is rolled back.
CREATE FUNCTION eventdocs_hold_watermark() RETURNS void
LANGUAGE plpgsql VOLATILE
AS $function$
DECLARE
    namespace bigint := eventdocs_namespace();
    setting text := 'eventdocs.holds_' || namespace;
    last bigint;
BEGIN
    IF current_setting(setting, true) = 'yes' THEN
        RETURN;
    END IF;
    SELECT CASE WHEN sequence.is_called THEN sequence.last_value ELSE 0 END
    INTO last
    FROM eventdocs_sequence AS sequence;
    PERFORM pg_advisory_xact_lock_shared((namespace << 40) | last);
    PERFORM set_config(setting, 'yes', true);
END;
$function$;

-- Tell the sequence below which nothing can become visible any more.
--
-- The order is the point: first the last sequence given, then the locks of those who are
-- recording. Events up to the result must then be read by a later statement, with a snapshot
-- of its own. A transaction does not wait for itself: it sees what it has recorded. NULL
-- where this cannot be told: under a snapshot that is older than the question (REPEATABLE
-- READ, SERIALIZABLE), and on a standby, which does not know the primary's locks.
CREATE FUNCTION eventdocs_watermark() RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $function$
DECLARE
    namespace bigint := eventdocs_namespace();
    high bigint;
    held bigint;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' OR pg_is_in_recovery() THEN
        RETURN NULL;
    END IF;
    SELECT CASE WHEN sequence.is_called THEN sequence.last_value ELSE 0 END
    INTO high
    FROM eventdocs_sequence AS sequence;
    SELECT min((lock.classid::bigint & 255) << 32 | lock.objid::bigint)
    INTO held
    FROM pg_locks AS lock
    WHERE lock.locktype = 'advisory'
        AND lock.objsubid = 1
        AND lock.mode = 'ShareLock'
        AND lock.granted
        AND lock.classid::bigint >> 8 = namespace
        AND lock.database = (
            SELECT pg_database.oid FROM pg_database
            WHERE pg_database.datname = current_database()
        )
        AND lock.pid IS DISTINCT FROM pg_backend_pid();
    RETURN least(high, held);
END;
$function$;

CREATE TABLE eventdocs_projections (
    name text NOT NULL,
    version integer NOT NULL,
    store_id uuid NOT NULL,
    sequence bigint NOT NULL,
    event_id uuid,
    status text NOT NULL,
    fingerprint text NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE eventdocs_dead_letters (
    projection text NOT NULL REFERENCES eventdocs_projections (name) ON DELETE CASCADE,
    sequence bigint NOT NULL,
    event_id uuid NOT NULL,
    stream text NOT NULL,
    type text NOT NULL,
    state text NOT NULL,
    error_type text,
    message text,
    traceback text,
    attempts integer NOT NULL,
    correlation_id text,
    recorded_at timestamptz NOT NULL,
    resolved_at timestamptz,
    resolution text,
    PRIMARY KEY (projection, sequence)
);

CREATE INDEX eventdocs_dead_letters_stream
ON eventdocs_dead_letters (projection, stream, sequence);

CREATE TABLE eventdocs_contents (
    digest text NOT NULL,
    size bigint NOT NULL,
    content bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (digest)
);

CREATE TABLE eventdocs_content_references (
    document_id uuid NOT NULL,
    digest text NOT NULL REFERENCES eventdocs_contents (digest),
    PRIMARY KEY (document_id, digest)
);

CREATE INDEX eventdocs_content_references_digest
ON eventdocs_content_references (digest);

INSERT INTO eventdocs_migrations (version, name, checksum, applied_at) VALUES (1, 'first', '207ba298aa9250bfd6b2bd1e3ab283eafe492b96511c8085492a1a4f5d5fb7d7', now());

COMMIT;

INSERT INTO eventdocs_streams (stream, version) VALUES ('box-1', 2);
INSERT INTO eventdocs_events (sequence, stream, version, category, id, type, schema_version, data, digest, metadata, correlation_id)
VALUES
    (1, 'box-1', 1, 'box', '00000000-0000-0000-0000-000000000001', 'Filled', 1, '{"what":"tea"}', '\x00', '{}', 'c1'),
    (2, 'box-1', 2, 'box', '00000000-0000-0000-0000-000000000002', 'Filled', 1, '{"what":"salt"}', '\x00', '{"actor":"ada"}', NULL);
INSERT INTO eventdocs_contents (digest, size, content, created_at) VALUES ('d1', 3, '\x746561', '2026-01-01 00:00:00+00');
INSERT INTO eventdocs_content_references (document_id, digest) VALUES ('00000000-0000-0000-0000-000000000009', 'd1');
INSERT INTO eventdocs_projections (name, version, store_id, sequence, event_id, status, fingerprint, updated_at)
SELECT 'p', 1, store_id, 2, '00000000-0000-0000-0000-000000000002', 'parked', 'f', '2026-01-01 00:00:00+00' FROM eventdocs_store;
INSERT INTO eventdocs_dead_letters (projection, sequence, event_id, stream, type, state, attempts, recorded_at, resolved_at)
VALUES
    ('p', 1, '00000000-0000-0000-0000-000000000001', 'box-1', 'Filled', 'resolved', 1, '2026-01-01 00:00:00+00', '2026-01-02 00:00:00+00'),
    ('p', 2, '00000000-0000-0000-0000-000000000002', 'box-1', 'Filled', 'failed', 3, '2026-01-01 00:00:00+00', NULL);
SELECT setval('eventdocs_sequence', 2);
