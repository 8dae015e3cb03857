-- Tell what the role that asks may not do with what is ours in a schema, and may need to.
WITH place AS (
    SELECT oid FROM pg_namespace WHERE nspname = CAST(:schema AS text)
)
SELECT 'USAGE' AS privilege, 'SCHEMA' AS kind, CAST(:schema AS text) AS name
FROM place WHERE NOT has_schema_privilege(oid, 'USAGE')
UNION ALL
SELECT 'CREATE', 'SCHEMA', CAST(:schema AS text)
FROM place WHERE NOT has_schema_privilege(oid, 'CREATE')
UNION ALL
SELECT wanted.privilege, 'TABLE', pg_class.relname
FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS wanted (privilege)
JOIN pg_class ON pg_class.relname LIKE 'eventdocs\_%' AND pg_class.relkind IN ('r', 'p')
WHERE pg_class.relnamespace IN (TABLE place)
    AND NOT has_table_privilege(pg_class.oid, wanted.privilege)
    -- Who only works with them reads the ledger and the identity; an append that fails
    -- takes its own events back, and nobody changes one.
    AND (
        wanted.privilege = 'SELECT'
        OR pg_class.relname NOT IN ('eventdocs_migrations', 'eventdocs_store')
    )
    AND (wanted.privilege <> 'UPDATE' OR pg_class.relname <> 'eventdocs_events')
UNION ALL
SELECT wanted.privilege, 'SEQUENCE', pg_class.relname
FROM unnest(ARRAY['USAGE', 'SELECT']) AS wanted (privilege)
JOIN pg_class ON pg_class.relname = 'eventdocs_sequence' AND pg_class.relkind = 'S'
WHERE pg_class.relnamespace IN (TABLE place)
    AND NOT has_sequence_privilege(pg_class.oid, wanted.privilege)
UNION ALL
SELECT 'EXECUTE', 'FUNCTION', pg_proc.proname
FROM pg_proc
WHERE pg_proc.pronamespace IN (TABLE place)
    AND pg_proc.proname LIKE 'eventdocs\_%'
    AND NOT has_function_privilege(pg_proc.oid, 'EXECUTE')
ORDER BY kind, name, privilege
