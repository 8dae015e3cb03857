-- Snapshots can be made again: a stream is folded from its beginning without them.

DROP TABLE eventdocs_snapshots;
