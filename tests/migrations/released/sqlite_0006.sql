-- 6 repairs

BEGIN;

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

INSERT INTO eventdocs_migrations (version, name, checksum, applied_at) VALUES (6, 'repairs', '64cd78f28b28bc14fe3054b7f925704ca220e887e3ae26a5eb8bc883f7c9b28b', strftime('%Y-%m-%d %H:%M:%f000', 'now'));

COMMIT;
