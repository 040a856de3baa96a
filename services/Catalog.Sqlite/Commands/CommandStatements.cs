using Catalog.Commands;
using Catalog.Sqlite.Sql;
using Catalog.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Catalog.Sqlite;

/// <summary>
/// The statements of the command path on the writer's connection. They are prepared once, and run by SQLite's own interface: to prepare one costs more than to run it.
/// </summary>
internal sealed class CommandStatements : IDisposable
{
    private const int UniqueViolation = 2067; // SQLITE_CONSTRAINT_UNIQUE

    private readonly Connection _connection;
    private readonly TimeProvider _time;
    private readonly Statement _begin, _commit, _logIdentity, _findReceipt, _findById, _findBySku, _insertProduct, _updateProduct, _insertEvent, _insertReceipt;
    private string _logId = "";

    public CommandStatements(Connection connection, TimeProvider time)
    {
        _connection = connection;
        _time = time;
        _begin = connection.Prepare("BEGIN IMMEDIATE");
        _commit = connection.Prepare("COMMIT");
        _logIdentity = connection.Prepare("SELECT id FROM log");
        _findReceipt = connection.Prepare("SELECT content, product_id, version, etag, commit_time FROM receipts WHERE caller = ?1 AND request_id = ?2");
        _findById = connection.Prepare("SELECT key, id, body FROM products WHERE id = ?1");
        _findBySku = connection.Prepare("SELECT key, id, body FROM products WHERE sku = ?1");
        _insertProduct = connection.Prepare("INSERT INTO products (id, sku, version, body) VALUES (?1, ?2, ?3, ?4)");
        _updateProduct = connection.Prepare("UPDATE products SET sku = ?2, version = ?3, body = ?4 WHERE key = ?1");
        _insertEvent = connection.Prepare("INSERT INTO events (product, occurred, trace_parent, body) VALUES (?1, ?2, ?3, ?4)");
        _insertReceipt = connection.Prepare(
            """
            INSERT INTO receipts (caller, request_id, content, product_id, version, etag, commit_time)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            """);
    }

    /// <summary>Whether no transaction is open.</summary>
    public bool IsIdle => _connection.IsIdle;

    public void Begin()
    {
        _begin.Run();
        _logIdentity.Step();
        // Another process may have given it a new one, after the database was restored.
        _logId = _logIdentity.Text(0);
        _logIdentity.Reset();
    }

    public void Commit() => _commit.Run();

    public void RollBack() => _connection.Execute("ROLLBACK");

    /// <summary>
    /// Runs one command inside the open transaction. An outcome other than <see cref="CommandOutcome.Committed"/> leaves nothing behind; an exception may, and then the transaction must not be committed.
    /// </summary>
    /// <param name="command">The command.</param>
    /// <param name="position">The position of its event; unchanged if it made none.</param>
    public CommandOutcome Execute(ProductCommand command, ref long position)
    {
        if (command.Cancellation.IsCancellationRequested) return new CommandOutcome.Cancelled();
        if (command.Request is { } request && FindReceipt(request) is { } repeated) return repeated;

        var (key, id, current) = Load(command);
        switch (command.Decide(current, id))
        {
            case Decision.Refused refused:
                return new CommandOutcome.Refused(refused.Error);

            case Decision.Unchanged { Product: var product }:
                return Answer(command, id, product, Timestamp.FromDateTimeOffset(_time.GetUtcNow()), changed: false);

            case Decision.Accepted { Event: var happened }:
                try
                {
                    // The one statement that can break a rule comes first: the constraint undoes it, and nothing else was written.
                    key = Save(key, id, happened.Product);
                }
                catch (SqliteFault fault) when (fault.Code == UniqueViolation)
                {
                    return new CommandOutcome.Refused(Refusals.SkuTaken(happened.Product.Sku, Find(_findBySku, happened.Product.Sku)!.Value.Id));
                }
                Append(key, happened, command.TraceParent);
                position = _connection.LastInsertedRow;
                return Answer(command, id, happened.Product, happened.OccurredTime, changed: true);

            case var other:
                throw new InvalidOperationException($"{other} is no decision.");
        }
    }

    public void Dispose() => _connection.Dispose();

    private CommandOutcome? FindReceipt(RequestKey request)
    {
        if (!_findReceipt.Bind(1, request.Caller).Bind(2, request.Id).Step()) return null;
        CommandOutcome outcome = _findReceipt.Blob(0).SequenceEqual(request.Content)
            ? new CommandOutcome.Committed(_findReceipt.Text(1), _findReceipt.Long(2), _findReceipt.Text(3), Time(_findReceipt.Long(4)), _logId, Changed: false)
            : new CommandOutcome.Refused(Refusals.RequestIdReused(request.Id));
        _findReceipt.Reset();
        return outcome;
    }

    private (long Key, string Id, Product? Current) Load(ProductCommand command) =>
        (command.ProductId is { } id ? Find(_findById, id) : Find(_findBySku, command.Sku!)) is { } found
            ? (found.Key, found.Id, found.Product)
            : (0, command.ProductId ?? command.NewProductId!, null);

    private static (long Key, string Id, Product Product)? Find(Statement statement, string by)
    {
        if (!statement.Bind(1, by).Step()) return null;
        try
        {
            return (statement.Long(0), statement.Text(1), Product.Parser.ParseFrom(statement.Blob(2)));
        }
        finally
        {
            statement.Reset();
        }
    }

    private long Save(long key, string id, Product product)
    {
        var statement = key > 0 ? _updateProduct.Bind(1, key) : _insertProduct.Bind(1, id);
        if (product.State == Product.Types.State.Deleted) statement.BindNull(2);
        else statement.Bind(2, product.Sku);
        statement.Bind(3, product.Version).BindBlob(4, product.ToByteArray()).Run();
        return key > 0 ? key : _connection.LastInsertedRow;
    }

    private void Append(long key, ProductEvent happened, string? traceParent)
    {
        _insertEvent.Bind(1, key).Bind(2, happened.OccurredTime.ToDateTimeOffset().UtcTicks);
        if (traceParent is null) _insertEvent.BindNull(3);
        else _insertEvent.Bind(3, traceParent);
        _insertEvent.BindBlob(4, happened.ToByteArray()).Run();
    }

    private CommandOutcome.Committed Answer(ProductCommand command, string id, Product product, Timestamp time, bool changed)
    {
        if (command.Request is { } request)
            _insertReceipt.Bind(1, request.Caller).Bind(2, request.Id).BindBlob(3, request.Content).Bind(4, id).Bind(5, product.Version).Bind(6, product.Etag)
                .Bind(7, time.ToDateTimeOffset().UtcTicks).Run();
        return new CommandOutcome.Committed(id, product.Version, product.Etag, time, _logId, changed);
    }

    private static Timestamp Time(long ticks) => Timestamp.FromDateTime(new DateTime(ticks, DateTimeKind.Utc));
}
