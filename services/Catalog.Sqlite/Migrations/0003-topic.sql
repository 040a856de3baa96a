-- The topic that the events after "indexed" were published to: one that was made anew has another id, and never held them.
ALTER TABLE relay ADD COLUMN topic TEXT;
