-- The topic that the events after "indexed" were published to: one that was made anew has another id, and never held them.
ALTER TABLE [$(schema)].relay ADD topic varchar(64) COLLATE Latin1_General_100_BIN2 NULL;
