-- Tell which open transactions hold readers back, the one at the lowest place first.
--
-- To be asked after `feed_last.sql`, in a later statement. A prepared transaction has no
-- process: its locks have no pid, and the lock on its own id is what leads to its name.
-- (The virtual transaction that the locks show says nothing of it before a restart.)
WITH locks AS MATERIALIZED (SELECT * FROM pg_locks WHERE granted)
SELECT
    min((lock.classid::bigint & 255) << 32 | lock.objid::bigint) AS floor,
    lock.pid,
    prepared.gid,
    coalesce(activity.application_name, prepared.owner, '') AS application,
    CASE WHEN lock.pid IS NULL THEN 'prepared' ELSE activity.state END AS state,
    coalesce(prepared.prepared, activity.xact_start) AS began_at,
    CAST(
        extract(EPOCH FROM clock_timestamp() - coalesce(prepared.prepared, activity.xact_start))
        AS double precision
    ) AS seconds
FROM locks AS lock
LEFT JOIN (
    SELECT own.virtualtransaction, named.*
    FROM locks AS own
    JOIN pg_prepared_xacts AS named ON named.transaction = own.transactionid
    WHERE own.locktype = 'transactionid' AND own.pid IS NULL
) AS prepared ON lock.pid IS NULL AND prepared.virtualtransaction = lock.virtualtransaction
LEFT JOIN pg_stat_activity AS activity ON activity.pid = lock.pid
WHERE lock.locktype = 'advisory'
    AND lock.objsubid = 1
    AND lock.mode = 'ShareLock'
    AND lock.classid::bigint >> 8 = @schema@.eventdocs_namespace()
    AND lock.database = (
        SELECT pg_database.oid FROM pg_database WHERE pg_database.datname = current_database()
    )
    AND lock.pid IS DISTINCT FROM pg_backend_pid()
GROUP BY
    lock.pid, prepared.gid, activity.application_name, prepared.owner, activity.state,
    prepared.prepared, activity.xact_start
ORDER BY floor, lock.pid, prepared.gid
