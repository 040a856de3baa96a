namespace Catalog.SqlServer.Sql;

// The command path. Where products and receipts are loaded, a writer that is about to commit is waited for also under READ COMMITTED SNAPSHOT: what it changes would
// only be found out at the write. The product is read before the receipt: who sees what an attempt with the same request id did sees its receipt too.
internal sealed partial class Statements
{
    /// <summary>Three results: the product, the receipt, the log's id.</summary>
    public string LoadById { get; } = Load(schema, "id = @id");

    /// <summary>As <see cref="LoadById"/>.</summary>
    public string LoadBySku { get; } = Load(schema, "sku = @sku");

    /// <summary>
    /// Stands before each write of a group. The server goes on with the next command of a round trip after one that failed and undid the transaction: without this, each
    /// of the rest would be committed by itself.
    /// </summary>
    public static string OnlyInTransaction { get; } = $"""
        IF @@TRANCOUNT = 0 THROW {TransactionGone}, 'A command before this one undid the transaction.', 1;

        """;

    public string Create { get; } = Commit(schema, $"INSERT INTO [{schema}].products (id, sku, version, body) VALUES (@id, @sku, @version, @body);");

    public string Change { get; } = Commit(schema, $"""
        UPDATE [{schema}].products SET sku = @sku, version = @version, body = @body WHERE product_key = @product_key AND version = @expected;
        IF @@ROWCOUNT = 0 THROW {WrittenMeanwhile}, 'The product was written meanwhile.', 1;
        """);

    /// <summary>The receipt of a command that changed nothing.</summary>
    public string KeepReceipt { get; } = $"""
        SET NOCOUNT, XACT_ABORT ON;
        INSERT INTO [{schema}].receipts (caller, request_id, content, product_id, version, etag, commit_time)
        VALUES (@caller, @request_id, @content, @id, @version, @etag, @occurred);
        SELECT id FROM [{schema}].log WHERE one = 1;
        """;

    private static string Load(string schema, string which) => $"""
        SET NOCOUNT ON;
        SELECT product_key, id, version, body FROM [{schema}].products WITH (READCOMMITTEDLOCK) WHERE {which};
        SELECT content, product_id, version, etag, commit_time FROM [{schema}].receipts WITH (READCOMMITTEDLOCK) WHERE caller = @caller AND request_id = @request_id;
        SELECT id FROM [{schema}].log WHERE one = 1;
        """;

    // The log's id is locked until the commit, so that a log which gets another id meanwhile waits for the commands under way. It is answered after the commit:
    // an answer that comes earlier would hide a commit that fails.
    private static string Commit(string schema, string product) => $"""
        SET NOCOUNT, XACT_ABORT ON;
        DECLARE @log char(32);
        BEGIN TRANSACTION;
        {product}
        IF @request_id IS NOT NULL
            INSERT INTO [{schema}].receipts (caller, request_id, content, product_id, version, etag, commit_time)
            VALUES (@caller, @request_id, @content, @id, @version, @etag, @occurred);
        INSERT INTO [{schema}].events (occurred, trace_parent, body) VALUES (@occurred, @trace_parent, @event);
        SELECT @log = id FROM [{schema}].log WITH (HOLDLOCK) WHERE one = 1;
        COMMIT TRANSACTION;
        SELECT @log;
        """;
}
