-- 3 append_together

BEGIN;

-- Appends to several streams that are recorded all or not at all.

-- Record units of appends, each of them whole or not at all; returns one row per append, in
-- order, refused ones included. `eventdocs_append` stays for processes that are older than
-- this function.
--
-- Arguments. Appends belong to units: how many appends each of these has, one after the
-- other; within a unit the streams differ. Streams are distinct; per append: which of the
-- streams, what is expected of it (a version, -1: nothing, -2: that it exists) and how many
-- events; per event: which append it belongs to, and its fields. Ids are distinct. With
-- `skip_locked`, appends to a stream that another transaction holds come back as 'locked'
-- instead of waiting. Of what has to be waited for all the same, `patience` milliseconds are
-- enough (lock_timeout, for the rest of the transaction); NULL leaves the session's own.
--
-- Outcomes. Of all appends of a unit: 'recorded'; 'repeated': all ids are stored already with
-- the same content, and the row tells where; 'conflict': one of the ids, `guilty`, is stored
-- with other content or in another stream, or without others of the unit. Of one append of a
-- unit: 'refused': the stream's version is not as expected; 'locked'; the unit's other
-- appends are 'dropped' with it.
--
-- Freedom from deadlocks. First the missing streams' rows are inserted in the order of their
-- names: this can wait only for another transaction's uncommitted insert. Then all rows are
-- locked in the same order: this can wait only for rows that were committed before. Whoever
-- holds a lock of the second kind has done with the first, so no chain of waits leads back
-- from the second to the first, and within each the names ascend.
CREATE FUNCTION eventdocs_append_all(
    units integer[],
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
    has_looked boolean := false;
    stored integer;
    size integer;
    first integer;
    final integer;
    verdict text;
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
        -- Mostly all ids are new and all streams as expected, so whether ids are stored is
        -- looked up only if something stands in the way. After the locks, with a snapshot of
        -- its own: what a concurrent append of the same ids to the same stream has recorded
        -- is seen here.
        stored_sequences := NULL;
        IF has_looked AND EXISTS (SELECT FROM eventdocs_events AS event WHERE event.id = ANY (ids)) THEN
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
        final := 0;
        FOR u IN 1 .. cardinality(units) LOOP
            first := final + 1;
            final := final + units[u];
            verdict := 'recorded';
            IF stored_sequences IS NOT NULL THEN
                size := 0;
                FOR a IN first .. final LOOP
                    size := size + sizes[a];
                END LOOP;
                stored := size - cardinality(
                    array_positions(stored_sequences[before + 1 : before + size], NULL)
                );
                IF stored > 0 THEN
                    verdict := CASE
                        WHEN stored = size AND true = ALL (stored_same[before + 1 : before + size])
                        THEN 'repeated'
                        ELSE 'conflict'
                    END;
                END IF;
            END IF;
            outcomes[first : final] := array_fill(verdict, ARRAY[units[u]]);
            IF verdict = 'recorded' THEN
                FOR a IN first .. final LOOP
                    s := stream_of[a];
                    CONTINUE WHEN expected[a] = -1 AND current[s] IS NOT NULL
                        OR expected[a] = -2 AND current[s] > 0
                        OR expected[a] = current[s];
                    verdict := CASE WHEN current[s] IS NULL THEN 'locked' ELSE 'refused' END;
                    outcomes[first : final] := array_fill('dropped'::text, ARRAY[units[u]]);
                    outcomes[a] := verdict;
                    reached[a] := current[s];
                    EXIT;
                END LOOP;
            END IF;
            FOR a IN first .. final LOOP
                IF verdict = 'recorded' THEN
                    s := stream_of[a];
                    shifts[a] := current[s] - before;
                    current[s] := current[s] + sizes[a];
                    reached[a] := current[s];
                    accepted := accepted + sizes[a];
                END IF;
                before := before + sizes[a];
            END LOOP;
        END LOOP;

        IF NOT has_looked AND EXISTS (
            SELECT FROM unnest(outcomes) AS judged (outcome) WHERE judged.outcome <> 'recorded'
        ) THEN
            has_looked := true;
            CONTINUE;
        END IF;
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
        has_looked := true;
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
    final := 0;
    FOR u IN 1 .. cardinality(units) LOOP
        first := final + 1;
        final := final + units[u];
        guilty := NULL;
        IF outcomes[first] = 'conflict' THEN
            SELECT given.id
            INTO guilty
            FROM unnest(ids, stored_sequences, stored_same, append_of) WITH ORDINALITY
                AS given (id, sequence, same, append, place)
            WHERE given.append BETWEEN first AND final AND given.sequence IS NOT NULL
            ORDER BY given.same, given.place
            LIMIT 1;
        END IF;
        FOR a IN first .. final LOOP
            outcome := outcomes[a];
            stream_version := reached[a];
            sequences := NULL;
            versions := NULL;
            IF outcome = 'recorded' THEN
                sequences := recorded[taken + 1 : taken + sizes[a]];
                taken := taken + sizes[a];
            ELSIF outcome = 'repeated' THEN
                sequences := stored_sequences[before + 1 : before + sizes[a]];
                versions := stored_versions[before + 1 : before + sizes[a]];
            END IF;
            before := before + sizes[a];
            RETURN NEXT;
        END LOOP;
    END LOOP;
END;
$function$;

-- Record one event, as `eventdocs_append_all` would, in fewer statements and arguments.
--
-- The commonest call by far: a new event for a stream that is as expected. So a new stream's
-- row is made with the version it is going to have, and the event is inserted before anybody
-- asks whether its id is stored; where either was rash, it is undone and judged by what is
-- stored. The order of what counts is the same: first the stream's row, then the watermark,
-- then the sequence.
CREATE FUNCTION eventdocs_append_one(
    target text,
    expected bigint,
    event_id uuid,
    event_type text,
    shape integer,
    payload text,
    content bytea,
    facts text,
    correlation text,
    causation uuid,
    skip_locked boolean,
    patience integer,
    OUT outcome text,
    OUT stream_version bigint,
    OUT sequences bigint[],
    OUT versions bigint[],
    OUT guilty uuid
)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
SET jit = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
DECLARE
    current bigint;
    is_new boolean;
    is_as_expected boolean;
    is_same boolean;
    done text;
BEGIN
    IF patience IS NOT NULL THEN
        done := set_config('lock_timeout', patience::text, true);
    END IF;

    LOOP
        INSERT INTO eventdocs_streams (stream, version)
        SELECT target, 1
        WHERE NOT EXISTS (
            SELECT FROM eventdocs_streams AS present WHERE present.stream = target
        )
        ON CONFLICT (stream) DO NOTHING;
        is_new := FOUND;
        IF is_new THEN
            current := 0;
        ELSIF skip_locked THEN
            SELECT entry.version INTO current
            FROM eventdocs_streams AS entry
            WHERE entry.stream = target
            FOR UPDATE SKIP LOCKED;
        ELSE
            SELECT entry.version INTO current
            FROM eventdocs_streams AS entry
            WHERE entry.stream = target
            FOR UPDATE;
            -- Gone since: whoever had made it was not to keep it.
            CONTINUE WHEN NOT FOUND;
        END IF;
        EXIT;
    END LOOP;
    is_as_expected := current IS NOT NULL
        AND (expected = -1 OR expected = current OR (expected = -2 AND current > 0));

    LOOP
        IF is_as_expected THEN
            done := eventdocs_hold_watermark();
            -- An id that another transaction records at this moment is waited for here.
            INSERT INTO eventdocs_events (
                sequence, stream, version, category, id, type, schema_version,
                data, digest, metadata, correlation_id, causation_id, recorded_at
            ) VALUES (
                nextval('eventdocs_sequence'), target, current + 1,
                split_part(target, '-', 1), event_id, event_type, shape,
                payload::json, content, facts::json, correlation, causation, clock_timestamp()
            )
            ON CONFLICT (id) DO NOTHING
            RETURNING ARRAY[sequence] INTO sequences;
            IF FOUND THEN
                IF NOT is_new THEN
                    UPDATE eventdocs_streams AS entry
                    SET version = current + 1
                    WHERE entry.stream = target;
                END IF;
                outcome := 'recorded';
                stream_version := current + 1;
                RETURN;
            END IF;
        END IF;

        -- After the lock, with a snapshot of its own: what a concurrent append of the same
        -- id to the same stream has recorded is seen here.
        SELECT
            ARRAY[event.sequence], ARRAY[event.version],
            event.digest = content AND event.stream = target
        INTO sequences, versions, is_same
        FROM eventdocs_events AS event
        WHERE event.id = event_id;
        EXIT WHEN FOUND OR NOT is_as_expected;
    END LOOP;

    IF is_new THEN
        DELETE FROM eventdocs_streams AS entry WHERE entry.stream = target;
    END IF;
    stream_version := current;
    guilty := event_id;
    outcome := CASE
        WHEN is_same THEN 'repeated'
        WHEN NOT is_same THEN 'conflict'
        WHEN current IS NULL THEN 'locked'
        ELSE 'refused'
    END;
END;
$function$;

INSERT INTO eventdocs_migrations (version, name, checksum, applied_at) VALUES (3, 'append_together', '6dd9eecaa152595b88915bc5a10a302ccd0a7d699f4d55d9291b9306730611a1', now());

COMMIT;
