-- 3 append_together

BEGIN;

INSERT INTO eventdocs_migrations (version, name, checksum, applied_at) VALUES (3, 'append_together', '8e40aaaabff0e0c2e1747d8c4520d936fa1ae903f991cd9f64c0838386b3ca32', strftime('%Y-%m-%d %H:%M:%f000', 'now'));

COMMIT;
