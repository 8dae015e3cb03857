-- Loses: who repaired dead letters, how and why, and the keys that order them.

DROP INDEX @schema@.eventdocs_dead_letters_open;

UPDATE @schema@.eventdocs_dead_letters SET state = 'resolved' WHERE state = 'applied';

ALTER TABLE @schema@.eventdocs_dead_letters
DROP COLUMN ordering_key,
DROP COLUMN repair,
DROP COLUMN repaired_by,
DROP COLUMN repair_reason,
DROP COLUMN repaired_at;

CREATE INDEX eventdocs_dead_letters_stream
ON @schema@.eventdocs_dead_letters (projection, stream, sequence);
