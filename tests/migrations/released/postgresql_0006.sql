-- 6 repairs

BEGIN;

-- What keeps dead letters in order, and who has repaired them, how and why.

ALTER TABLE eventdocs_dead_letters
ADD COLUMN ordering_key text,
ADD COLUMN repair text,
ADD COLUMN repaired_by text,
ADD COLUMN repair_reason text,
ADD COLUMN repaired_at timestamptz;

UPDATE eventdocs_dead_letters
SET ordering_key = stream, state = CASE state WHEN 'resolved' THEN 'applied' ELSE state END;

ALTER TABLE eventdocs_dead_letters ALTER COLUMN ordering_key SET NOT NULL;

DROP INDEX eventdocs_dead_letters_stream;

CREATE INDEX eventdocs_dead_letters_open
ON eventdocs_dead_letters (projection, ordering_key, sequence)
WHERE resolved_at IS NULL;

INSERT INTO eventdocs_migrations (version, name, checksum, applied_at) VALUES (6, 'repairs', '1d901ceeba5e7b5ff0a8b34859c218a3294e0060af657348080ddab9bb034c33', now());

COMMIT;
