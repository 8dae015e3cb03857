-- Hold the readers at the last event there is until the transaction ends.
--
-- The lock that eventdocs_hold_watermark takes, at a place that is known and not looked up.
SELECT pg_advisory_xact_lock_shared(
    (@schema@.eventdocs_namespace() << 40) | CAST(:behind AS bigint)
)
