-- Loses: who repaired dead letters, how and why, and the keys that order them.

DROP INDEX eventdocs_dead_letters_open;

UPDATE eventdocs_dead_letters SET state = 'resolved' WHERE state = 'applied';

ALTER TABLE eventdocs_dead_letters DROP COLUMN ordering_key;

ALTER TABLE eventdocs_dead_letters DROP COLUMN repair;

ALTER TABLE eventdocs_dead_letters DROP COLUMN repaired_by;

ALTER TABLE eventdocs_dead_letters DROP COLUMN repair_reason;

ALTER TABLE eventdocs_dead_letters DROP COLUMN repaired_at;

CREATE INDEX eventdocs_dead_letters_stream
ON eventdocs_dead_letters (projection, stream, sequence);
