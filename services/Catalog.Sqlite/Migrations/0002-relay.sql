-- The relay, which publishes the event log to the message queue: who holds its lease, and how far it is. Always one row.
CREATE TABLE relay (
    epoch                INTEGER NOT NULL DEFAULT 0,    -- grows by one with every holder
    owner                TEXT,
    expires              INTEGER NOT NULL DEFAULT 0,    -- milliseconds of the Unix epoch, by the clock of this database
    published            INTEGER NOT NULL DEFAULT 0,    -- up to here the broker acknowledged everything
    indexed              INTEGER NOT NULL DEFAULT 0,    -- up to here everything is known to be in the index
    direct_sync_since    INTEGER                        -- UTC ticks; NULL while direct sync is off
) STRICT;

INSERT INTO relay DEFAULT VALUES;

-- Events that the broker will never take.
CREATE TABLE dead_events (
    position     INTEGER PRIMARY KEY,
    trace_parent TEXT,
    body         BLOB    NOT NULL,      -- as in events
    reason       TEXT    NOT NULL,
    time         INTEGER NOT NULL       -- UTC ticks
) STRICT;
