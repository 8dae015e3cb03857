-- What keeps dead letters in order, and who has repaired them, how and why.

ALTER TABLE eventdocs_dead_letters ADD COLUMN ordering_key TEXT NOT NULL DEFAULT '';

ALTER TABLE eventdocs_dead_letters ADD COLUMN repair TEXT;

ALTER TABLE eventdocs_dead_letters ADD COLUMN repaired_by TEXT;

ALTER TABLE eventdocs_dead_letters ADD COLUMN repair_reason TEXT;

ALTER TABLE eventdocs_dead_letters ADD COLUMN repaired_at DATETIME;

UPDATE eventdocs_dead_letters
SET ordering_key = stream, state = CASE state WHEN 'resolved' THEN 'applied' ELSE state END;

DROP INDEX eventdocs_dead_letters_stream;

CREATE INDEX eventdocs_dead_letters_open
ON eventdocs_dead_letters (projection, ordering_key, sequence)
WHERE resolved_at IS NULL;
