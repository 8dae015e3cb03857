-- Tell what the server says of itself and of the role that asks; one row.
SELECT
    current_setting('server_version') AS version,
    clock_timestamp() AS told_at,
    current_setting('fsync') AS fsync,
    current_setting('full_page_writes') AS full_page_writes,
    current_setting('synchronous_commit') AS synchronous_commit,
    current_setting('autovacuum') AS autovacuum,
    current_setting('transaction_read_only') AS read_only,
    pg_is_in_recovery() AS is_standby,
    pg_encoding_to_char(pg_database.encoding) AS encoding,
    pg_database_size(pg_database.oid) AS size,
    -- Who may not see it is not shown it; asking for it by its name would be refused.
    (SELECT setting FROM pg_settings WHERE name = 'data_directory') AS data_directory,
    (SELECT system_identifier FROM pg_control_system()) AS system_identifier,
    (SELECT CAST(sum(numbackends) AS bigint) FROM pg_stat_database) AS connections,
    CAST(current_setting('max_connections') AS integer)
    - CAST(current_setting('superuser_reserved_connections') AS integer)
    - CAST(coalesce(current_setting('reserved_connections', true), '0') AS integer) AS connections_limit,
    nullif(pg_database.datconnlimit, -1) AS database_limit,
    nullif(pg_roles.rolconnlimit, -1) AS role_limit,
    pg_roles.rolname AS role,
    pg_roles.rolsuper AS is_superuser,
    coalesce(CAST(:schema AS text), current_schema()) AS schema
FROM pg_database
CROSS JOIN pg_roles
WHERE pg_database.datname = current_database() AND pg_roles.rolname = current_user
