-- Tell how far the log is settled; what is read up to there must be read by a later statement.
SELECT @schema@.eventdocs_watermark()
