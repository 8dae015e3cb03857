-- Wait for appenders, but not for ever; a utility statement, so that no snapshot is taken yet.
SET LOCAL lock_timeout = '10s'
