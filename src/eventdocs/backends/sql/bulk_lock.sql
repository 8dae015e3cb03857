-- Keep everybody from appending until the transaction ends; readers are not disturbed.
--
-- The strength against which the append function's first statement, an INSERT, has to wait,
-- and against itself, so that of two who ask for it one waits before it has seen anything.
LOCK TABLE @schema@.eventdocs_streams IN SHARE ROW EXCLUSIVE MODE
