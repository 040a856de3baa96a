using System.Globalization;

namespace Catalog.SqlServer.Sql;

// The event log. A position below MIN_ACTIVE_ROWVERSION() has nothing uncommitted below it. The mark is read by a statement of its own before the events are, outside
// any transaction: read in the same statement, or under SNAPSHOT, it may be newer than the rows. The events are read by locks, also where readers of this database see
// snapshots: those it lets through are all committed, so nothing is waited for but the end of a commit.
internal sealed partial class Statements
{
    public string ReadBounds { get; } = $"""
        {OnPrimary}
        DECLARE @mark binary(8) = MIN_ACTIVE_ROWVERSION();
        SELECT id, trimmed, ISNULL((SELECT TOP (1) CAST(position AS bigint) FROM [{schema}].events WITH (READCOMMITTEDLOCK) WHERE position < @mark ORDER BY position DESC), trimmed) AS head
        FROM [{schema}].log WHERE one = 1;
        """;

    /// <summary>The next events: no more than <c>@limit</c>, and none after some megabytes.</summary>
    public string ReadEvents { get; } = $"""
        {OnPrimary}
        DECLARE @mark binary(8) = MIN_ACTIVE_ROWVERSION(), @from binary(8) = CAST(@after AS binary(8));
        SELECT CAST(position AS bigint) AS position, occurred, trace_parent, body
        {Page("position", "position, occurred, trace_parent, body", $"[{schema}].events WITH (READCOMMITTEDLOCK) WHERE position > @from AND position < @mark")}
        """;

    public string RenewLog { get; } = $"""
        SET NOCOUNT, XACT_ABORT ON;
        BEGIN TRANSACTION;
        UPDATE [{schema}].log SET id = @log WHERE one = 1;
        UPDATE [{schema}].relay SET epoch = epoch + 1, owner = NULL, expires_at = SYSUTCDATETIME() WHERE one = 1;
        COMMIT TRANSACTION;
        """;

    /// <summary>The next products: no more than <c>@limit</c>, and none after some megabytes.</summary>
    public string ReadProducts { get; } = $"""
        {OnPrimary}
        SELECT product_key, body
        {Page("product_key", "product_key, body", $"[{schema}].products WHERE product_key > @after")}
        """;

    /// <summary>
    /// Trims some events, the oldest first and never past one that must stay: what is left of the log is always its end. A time that is far ahead is that of a clock which was
    /// wrong once, and keeps nothing. It begins behind what went before, of which the server may still have ghosts. What goes is looked at once: in a second look there would be others, which were never asked about. Answers how many.
    /// </summary>
    public string TrimEvents { get; } = $"""
        SET NOCOUNT, XACT_ABORT ON;
        {OnPrimary}
        DECLARE @mark bigint = CAST(MIN_ACTIVE_ROWVERSION() AS bigint), @last bigint, @removed int;
        DECLARE @trimmed binary(8) = (SELECT CAST(trimmed AS binary(8)) FROM [{schema}].log WHERE one = 1);
        SELECT @last = MAX(position)
        FROM (
            SELECT position, MAX(CASE WHEN (occurred >= @before AND occurred < @unlikely) OR position > @passed OR position >= @mark THEN 1 ELSE 0 END)
                OVER (ORDER BY position ROWS UNBOUNDED PRECEDING) AS stays
            FROM (SELECT TOP (@limit) CAST(position AS bigint) AS position, occurred FROM [{schema}].events WHERE events.position > @trimmed ORDER BY events.position) AS oldest
        ) AS page
        WHERE stays = 0;
        IF @last IS NULL
        BEGIN
            SELECT 0;
            RETURN;
        END;
        BEGIN TRANSACTION;
        DELETE FROM [{schema}].events WHERE position <= CAST(@last AS binary(8));
        SET @removed = @@ROWCOUNT;
        UPDATE [{schema}].log SET trimmed = @last WHERE one = 1 AND trimmed < @last;
        COMMIT TRANSACTION;
        SELECT @removed;
        """;

    /// <summary>
    /// Removes those of the oldest receipts that are old enough. They lie in the order in which they were written, so no index by time is needed; one whose time is far ahead is
    /// that of a clock which was wrong once, and stays in nobody's way.
    /// </summary>
    public string TrimReceipts { get; } = $"""
        SET NOCOUNT ON;
        DELETE FROM [{schema}].receipts
        WHERE commit_time < @before
            AND receipt_key IN (SELECT TOP (@limit) oldest.receipt_key FROM [{schema}].receipts AS oldest WHERE oldest.commit_time < @unlikely ORDER BY oldest.receipt_key);
        SELECT @@ROWCOUNT;
        """;

    /// <summary>
    /// Nothing of the log is read from a copy, which a name may still lead to after a failover: the mark of a copy says nothing of what is committed there out of order, and
    /// what it lacks would be taken for not there.
    /// </summary>
    private static string OnPrimary { get; } =
        string.Create(CultureInfo.InvariantCulture, $"IF DATABASEPROPERTYEX(DB_NAME(), 'Updateability') <> N'READ_WRITE' THROW {ReadOnly}, 'The database is read-only.', 1;");

    // One read holds no more in memory than four megabytes and one row, however large the products are.
    private static string Page(string key, string columns, string rows) => $"""
        FROM (
            SELECT {columns}, SUM(CAST(DATALENGTH(body) AS bigint)) OVER (ORDER BY {key} ROWS UNBOUNDED PRECEDING) - DATALENGTH(body) AS bytes_before
            FROM (SELECT TOP (@limit) {columns} FROM {rows} ORDER BY {key}) AS next_rows
        ) AS page
        WHERE bytes_before < 4194304
        ORDER BY page.{key};
        """;
}
