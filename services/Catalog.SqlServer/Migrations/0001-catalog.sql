-- Identifiers are compared byte by byte whatever the collation of the database is. Each table is clustered by a number that grows,
-- so that rows are only ever added at its end.

-- The identity of the event log, and how far it was trimmed. Always one row.
CREATE TABLE [$(schema)].log (
    one     tinyint  NOT NULL CONSTRAINT log_one PRIMARY KEY CONSTRAINT log_is_one_row CHECK (one = 1),
    id      char(32) COLLATE Latin1_General_100_BIN2 NOT NULL,     -- lower-case hex
    trimmed bigint   NOT NULL
);

INSERT INTO [$(schema)].log (one, id, trimmed) VALUES (1, LOWER(REPLACE(CONVERT(char(36), NEWID()), '-', '')), 0);

-- The products as they are, deleted ones as tombstones. The key never changes: an index is rebuilt in its order.
CREATE TABLE [$(schema)].products (
    product_key bigint         NOT NULL IDENTITY (1, 1) CONSTRAINT products_key PRIMARY KEY CLUSTERED WITH (OPTIMIZE_FOR_SEQUENTIAL_KEY = ON),
    id          varchar(63)    COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT products_id UNIQUE NONCLUSTERED,
    sku         varchar(64)    COLLATE Latin1_General_100_BIN2 NULL,   -- NULL once the product is deleted, so that the SKU is free again
    version     bigint         NOT NULL,
    body        varbinary(max) NOT NULL                                -- catalog.v1.Product
);

CREATE UNIQUE NONCLUSTERED INDEX products_sku ON [$(schema)].products (sku) WHERE sku IS NOT NULL;

-- The event log and outbox. Rows are never updated: an update would give them a new position. The position is handed out at the
-- insert, so readers stay below MIN_ACTIVE_ROWVERSION(). It is also the clustered key: the log is read as it lies on the disk.
CREATE TABLE [$(schema)].events (
    position     rowversion     NOT NULL,
    occurred     datetime2(7)   NOT NULL,                              -- UTC
    trace_parent varchar(64)    COLLATE Latin1_General_100_BIN2 NULL,
    body         varbinary(max) NOT NULL                               -- catalog.v1.ProductEvent without position and log_id
);

CREATE UNIQUE CLUSTERED INDEX events_position ON [$(schema)].events (position) WITH (OPTIMIZE_FOR_SEQUENTIAL_KEY = ON);

-- What was answered, so that a command which is sent again is answered the same. A caller may be a text of any length: its hash
-- stands for it. Ids that the service makes grow with the time; those of clients may be random, and leave room in their pages.
CREATE TABLE [$(schema)].receipts (
    receipt_key bigint        NOT NULL IDENTITY (1, 1) CONSTRAINT receipts_key PRIMARY KEY CLUSTERED WITH (OPTIMIZE_FOR_SEQUENTIAL_KEY = ON),
    caller      binary(32)    NOT NULL,                                -- SHA-256 of the caller's name
    request_id  varchar(100)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    content     varbinary(32) NOT NULL,                                -- SHA-256 of method and fields; empty where the id is the service's own
    product_id  varchar(63)   COLLATE Latin1_General_100_BIN2 NOT NULL,
    version     bigint        NOT NULL,
    etag        varchar(40)   COLLATE Latin1_General_100_BIN2 NOT NULL,
    commit_time datetime2(7)  NOT NULL,                                -- UTC
    CONSTRAINT receipts_request UNIQUE NONCLUSTERED (caller, request_id) WITH (FILLFACTOR = 80)
);

-- The lease that one relay holds at a time, on this database's clock, and how far it is. Always one row.
CREATE TABLE [$(schema)].relay (
    one                  tinyint       NOT NULL CONSTRAINT relay_one PRIMARY KEY CONSTRAINT relay_is_one_row CHECK (one = 1),
    epoch                bigint        NOT NULL,
    owner                nvarchar(256) NULL,                           -- for people
    expires_at           datetime2(3)  NOT NULL,                       -- UTC
    published            bigint        NOT NULL,
    indexed              bigint        NOT NULL,
    direct_sync_since    datetime2(7)  NULL                            -- UTC
);

INSERT INTO [$(schema)].relay (one, epoch, owner, expires_at, published, indexed, direct_sync_since)
VALUES (1, 0, NULL, SYSUTCDATETIME(), 0, 0, NULL);

-- The events that the broker will never take.
CREATE TABLE [$(schema)].dead_events (
    position     bigint         NOT NULL CONSTRAINT dead_events_position PRIMARY KEY CLUSTERED,
    trace_parent varchar(64)    COLLATE Latin1_General_100_BIN2 NULL,
    body         varbinary(max) NOT NULL,
    reason       nvarchar(max)  NOT NULL,
    set_aside    datetime2(7)   NOT NULL                               -- UTC
);
