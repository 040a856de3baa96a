namespace Catalog.SqlServer.Sql;

// The relay's lease and progress. The lease is taken and renewed by one compare-and-set each on the database's clock; whatever a relay notes is fenced by its epoch.
internal sealed partial class Statements
{
    /// <summary>
    /// The epoch in a row, or no row where somebody holds the lease. No lease lasts ten minutes: one that seems to was taken while the clock was wrong, and would keep everybody away.
    /// </summary>
    public string AcquireLease { get; } = $"""
        UPDATE [{schema}].relay
        SET epoch = epoch + 1, owner = @owner, expires_at = DATEADD(millisecond, @duration, SYSUTCDATETIME())
        OUTPUT inserted.epoch
        WHERE one = 1 AND (owner IS NULL OR expires_at <= SYSUTCDATETIME() OR expires_at > DATEADD(minute, 10, SYSUTCDATETIME()));
        """;

    // Servers may be set to count nothing, and then no relay would be known to have its lease.
    public string RenewLease { get; } = $"""
        SET NOCOUNT OFF;
        UPDATE [{schema}].relay SET expires_at = DATEADD(millisecond, @duration, SYSUTCDATETIME()) WHERE one = 1 AND epoch = @epoch AND owner IS NOT NULL;
        """;

    public string ReleaseLease { get; } = $"""
        UPDATE [{schema}].relay SET owner = NULL, expires_at = SYSUTCDATETIME() WHERE one = 1 AND epoch = @epoch;
        """;

    // Rows that are locked are stepped over by locks alone, which the hint asks for also where readers of this database see snapshots.
    public string ReadRelay { get; } = $"""
        {OnPrimary}
        DECLARE @mark binary(8) = MIN_ACTIVE_ROWVERSION();
        SELECT log.id AS log_id,
            ISNULL((SELECT TOP (1) CAST(position AS bigint) FROM [{schema}].events WITH (READCOMMITTEDLOCK) WHERE position < @mark ORDER BY position DESC), log.trimmed) AS head,
            CASE WHEN relay.published < log.trimmed THEN log.trimmed ELSE relay.published END AS published,
            CASE WHEN relay.indexed < log.trimmed THEN log.trimmed ELSE relay.indexed END AS indexed, relay.direct_sync_since,
            (SELECT COUNT_BIG(*) FROM (SELECT TOP (10000) position FROM [{schema}].dead_events ORDER BY position) AS first_ones) AS dead_events,
            (SELECT TOP (1) occurred FROM [{schema}].events WITH (READPAST, READCOMMITTEDLOCK) WHERE position >= @mark ORDER BY position) AS held_since,
            relay.topic
        FROM [{schema}].relay AS relay CROSS JOIN [{schema}].log AS log
        WHERE relay.one = 1 AND log.one = 1;
        """;

    public string SavePublished { get; } = $"""
        SET NOCOUNT OFF;
        UPDATE [{schema}].relay SET published = @published WHERE one = 1 AND epoch = @epoch;
        """;

    public string SaveIndexed { get; } = $"""
        SET NOCOUNT OFF;
        UPDATE [{schema}].relay SET indexed = @indexed, direct_sync_since = @since, topic = @topic WHERE one = 1 AND epoch = @epoch;
        """;

    public string SetAside { get; } = $"""
        SET NOCOUNT, XACT_ABORT ON;
        BEGIN TRANSACTION;
        DELETE FROM [{schema}].dead_events WHERE position = @position;
        INSERT INTO [{schema}].dead_events (position, trace_parent, body, reason, set_aside) VALUES (@position, @trace_parent, @body, @reason, @set_aside);
        COMMIT TRANSACTION;
        """;

    public string ReadDead { get; } = $"""
        SELECT TOP (@limit) position, trace_parent, body, reason, set_aside FROM [{schema}].dead_events WHERE position > @after ORDER BY position;
        """;

    public string RemoveDead { get; } = $"""
        DELETE FROM [{schema}].dead_events WHERE position = @position;
        """;
}
