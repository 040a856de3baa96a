using Catalog.Commands;
using Catalog.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Data.Sqlite;

namespace Catalog.Sqlite;

/// <summary>
/// The statements of the command path on the writer's connection. They are prepared once: preparing one costs more than running it, and the driver keeps none.
/// </summary>
internal sealed class CommandStatements : IDisposable
{
    private const int UniqueViolation = 2067; // SQLITE_CONSTRAINT_UNIQUE

    private readonly SqliteConnection _connection;
    private readonly TimeProvider _time;
    private readonly SqliteEventLog _log;
    private readonly List<SqliteCommand> _all = [];
    private readonly SqliteCommand _begin, _commit, _findReceipt, _findById, _findBySku, _skuOwner, _insertProduct, _updateProduct, _insertEvent, _insertReceipt;

    public CommandStatements(SqliteConnection connection, SqliteEventLog log, TimeProvider time)
    {
        _connection = connection;
        _log = log;
        _time = time;
        _begin = Prepare("BEGIN IMMEDIATE");
        _commit = Prepare("COMMIT");
        _findReceipt = Prepare("SELECT content, product_id, version, etag, commit_time FROM receipts WHERE caller = $caller AND request_id = $request_id", "$caller", "$request_id");
        _findById = Prepare("SELECT key, id, body FROM products WHERE id = $id", "$id");
        _findBySku = Prepare("SELECT key, id, body FROM products WHERE sku = $sku", "$sku");
        _skuOwner = Prepare("SELECT id FROM products WHERE sku = $sku", "$sku");
        _insertProduct = Prepare("INSERT INTO products (id, sku, version, body) VALUES ($id, $sku, $version, $body)", "$id", "$sku", "$version", "$body");
        _updateProduct = Prepare("UPDATE products SET sku = $sku, version = $version, body = $body WHERE key = $key", "$sku", "$version", "$body", "$key");
        _insertEvent = Prepare(
            "INSERT INTO events (product, occurred, trace_parent, body) VALUES ($product, $occurred, $trace_parent, $body)", "$product", "$occurred", "$trace_parent", "$body");
        _insertReceipt = Prepare(
            """
            INSERT INTO receipts (caller, request_id, content, product_id, version, etag, commit_time)
            VALUES ($caller, $request_id, $content, $product_id, $version, $etag, $commit_time)
            """, "$caller", "$request_id", "$content", "$product_id", "$version", "$etag", "$commit_time");
    }

    public void Begin() => _begin.ExecuteNonQuery();

    public void Commit() => _commit.ExecuteNonQuery();

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
                var sku = happened.Product.Sku;
                try
                {
                    // The one statement that can break a rule comes first: the constraint undoes it, and nothing else was written.
                    key = Save(key, id, happened.Product);
                }
                catch (SqliteException e) when (e.SqliteExtendedErrorCode == UniqueViolation)
                {
                    return new CommandOutcome.Refused(Refusals.SkuTaken(sku, (string)Run(_skuOwner, sku).ExecuteScalar()!));
                }
                Run(_insertEvent, key, happened.OccurredTime.ToDateTimeOffset().UtcTicks, command.TraceParent, happened.ToByteArray()).ExecuteNonQuery();
                position = SQLitePCL.raw.sqlite3_last_insert_rowid(_connection.Handle);
                return Answer(command, id, happened.Product, happened.OccurredTime, changed: true);

            case var other:
                throw new InvalidOperationException($"{other} is no decision.");
        }
    }

    public void Dispose()
    {
        foreach (var command in _all) command.Dispose();
    }

    private CommandOutcome? FindReceipt(RequestKey request)
    {
        using var reader = Run(_findReceipt, request.Caller, request.Id).ExecuteReader();
        if (!reader.Read()) return null;
        return reader.GetFieldValue<byte[]>(0).AsSpan().SequenceEqual(request.Content)
            ? new CommandOutcome.Committed(reader.GetString(1), reader.GetInt64(2), reader.GetString(3), Time(reader.GetInt64(4)), _log.LogId, Changed: false)
            : new CommandOutcome.Refused(Refusals.RequestIdReused(request.Id));
    }

    private (long Key, string Id, Product? Current) Load(ProductCommand command)
    {
        using var reader = (command.ProductId is { } id ? Run(_findById, id) : Run(_findBySku, command.Sku)).ExecuteReader();
        return reader.Read()
            ? (reader.GetInt64(0), reader.GetString(1), Product.Parser.ParseFrom(reader.GetFieldValue<byte[]>(2)))
            : (0, command.ProductId ?? command.NewProductId!, null);
    }

    private long Save(long key, string id, Product product)
    {
        var sku = product.State == Product.Types.State.Deleted ? null : product.Sku;
        if (key > 0)
        {
            Run(_updateProduct, sku, product.Version, product.ToByteArray(), key).ExecuteNonQuery();
            return key;
        }
        Run(_insertProduct, id, sku, product.Version, product.ToByteArray()).ExecuteNonQuery();
        return SQLitePCL.raw.sqlite3_last_insert_rowid(_connection.Handle);
    }

    private CommandOutcome.Committed Answer(ProductCommand command, string id, Product product, Timestamp time, bool changed)
    {
        if (command.Request is { } request)
            Run(_insertReceipt, request.Caller, request.Id, request.Content, id, product.Version, product.Etag, time.ToDateTimeOffset().UtcTicks).ExecuteNonQuery();
        return new CommandOutcome.Committed(id, product.Version, product.Etag, time, _log.LogId, changed);
    }

    private SqliteCommand Prepare(string sql, params ReadOnlySpan<string> parameters)
    {
        var command = _connection.CreateCommand();
        _all.Add(command);
        command.CommandText = sql;
        foreach (var name in parameters) command.Parameters.Add(new SqliteParameter { ParameterName = name });
        command.Prepare();
        return command;
    }

    private static SqliteCommand Run(SqliteCommand command, params ReadOnlySpan<object?> values)
    {
        for (var i = 0; i < values.Length; i++) command.Parameters[i].Value = values[i] ?? DBNull.Value;
        return command;
    }

    private static Timestamp Time(long ticks) => Timestamp.FromDateTime(new DateTime(ticks, DateTimeKind.Utc));
}
