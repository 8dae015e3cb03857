-- What keeps dead letters in order, and who has repaired them, how and why.

ALTER TABLE @schema@.eventdocs_dead_letters
ADD COLUMN ordering_key text,
ADD COLUMN repair text,
ADD COLUMN repaired_by text,
ADD COLUMN repair_reason text,
ADD COLUMN repaired_at timestamptz;

UPDATE @schema@.eventdocs_dead_letters
SET ordering_key = stream, state = CASE state WHEN 'resolved' THEN 'applied' ELSE state END;

ALTER TABLE @schema@.eventdocs_dead_letters ALTER COLUMN ordering_key SET NOT NULL;

DROP INDEX @schema@.eventdocs_dead_letters_stream;

CREATE INDEX eventdocs_dead_letters_open
ON @schema@.eventdocs_dead_letters (projection, ordering_key, sequence)
WHERE resolved_at IS NULL;
