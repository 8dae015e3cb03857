-- Processes of the version before call eventdocs_append, which has never gone.

DROP FUNCTION @schema@.eventdocs_append_one;

DROP FUNCTION @schema@.eventdocs_append_all;
