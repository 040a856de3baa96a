-- The identity of the event log, and how far it was trimmed. Always one row.
CREATE TABLE log (
    id      TEXT    NOT NULL,
    trimmed INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO log (id) VALUES (lower(hex(randomblob(16))));

-- The products as they are, deleted ones as tombstones. The key never changes: an index is rebuilt in its order.
CREATE TABLE products (
    key     INTEGER PRIMARY KEY,
    id      TEXT    NOT NULL UNIQUE,
    sku     TEXT    UNIQUE,             -- NULL once the product is deleted, so that the SKU is free again
    version INTEGER NOT NULL,
    body    BLOB    NOT NULL            -- catalog.v1.Product
) STRICT;

-- The event log and outbox. There is one writer, so AUTOINCREMENT is commit order; and without it a log that was trimmed
-- empty would hand out positions again that its readers have passed.
CREATE TABLE events (
    position     INTEGER PRIMARY KEY AUTOINCREMENT,
    product      INTEGER NOT NULL REFERENCES products (key),
    occurred     INTEGER NOT NULL,      -- UTC ticks
    trace_parent TEXT,
    body         BLOB    NOT NULL       -- catalog.v1.ProductEvent without position and log_id
) STRICT;

-- What was answered, so that a command which is sent again is answered the same.
CREATE TABLE receipts (
    caller      TEXT    NOT NULL,
    request_id  TEXT    NOT NULL,
    content     BLOB    NOT NULL,       -- hash of method and fields
    product_id  TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    etag        TEXT    NOT NULL,
    commit_time INTEGER NOT NULL,       -- UTC ticks
    PRIMARY KEY (caller, request_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX receipts_by_time ON receipts (commit_time);
