using System.Diagnostics;
using Catalog.Elasticsearch.Http;
using Catalog.Projections;
using Catalog.Queries;
using Catalog.V1;

namespace Catalog.Elasticsearch.Writing;

/// <summary>Writes one index, by an alias that stands for it as long as it may be written.</summary>
/// <param name="client">Elasticsearch.</param>
/// <param name="index">The index.</param>
/// <param name="logId">The event log that it follows.</param>
/// <param name="alias">The alias.</param>
/// <param name="time">The time.</param>
/// <param name="keep">Shows that the index is still being built; null if it serves.</param>
/// <param name="position">The position up to which the log is in it. What is in it since it serves, is not known here: that is in the offsets of the projectors.</param>
internal sealed class IndexWriter(
    ElasticsearchClient client, string index, string logId, string alias, TimeProvider time, Func<CancellationToken, ValueTask>? keep = null, long position = 0) : IIndexWriter
{
    /// <summary>How large a request becomes before another one is begun. Elasticsearch holds the whole of it in memory, twice.</summary>
    internal const int MaxRequest = 8 << 20;

    private const int MaxAttempts = 6;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50), Usual = TimeSpan.FromSeconds(1), LongestPause = TimeSpan.FromMinutes(1);
    private static readonly ActivitySource Activities = new("Catalog.Elasticsearch");

    private volatile string _alias = alias;
    private volatile Func<CancellationToken, ValueTask>? _keep = keep;
    private long _position = position;
    private (long Since, TimeSpan For) _refused;

    /// <summary>The name of the index.</summary>
    public string Index => index;

    public string LogId => logId;

    /// <summary>Goes on by the alias of the index that serves, which this one has become.</summary>
    public void Serve(string servingAlias)
    {
        _alias = servingAlias;
        _keep = null;
    }

    public async ValueTask<IndexOutcome> WriteAsync(IReadOnlyList<Product> products, CancellationToken cancellation)
    {
        if (_keep is { } keepAlive) await keepAlive(cancellation);
        var (rejected, held) = (new List<RejectedProduct>(), new List<string>());
        List<Operation> operations = [];
        var body = new PooledBuffer();
        using (var documents = new DocumentWriter(body))
        {
            for (var i = 0; i < products.Count; i++)
            {
                var start = body.Length;
                if (documents.Append(products[i]) is { } reason) rejected.Add(new RejectedProduct(products[i], reason));
                else operations.Add(new Operation(products[i], start, body.Length));
                if (operations.Count == 0 || (body.Length < MaxRequest && i < products.Count - 1)) continue;
                await SendAsync(body, operations, rejected, held, cancellation);
                body.Truncate(0);
                operations.Clear();
            }
        }
        // Where a request failed, its bytes may still be on their way, so they are not given back.
        body.Return();
        return new IndexOutcome(rejected, held);
    }

    public ValueTask<long> GetPositionAsync(CancellationToken cancellation) => new(Interlocked.Read(ref _position));

    public ValueTask SavePositionAsync(long position, CancellationToken cancellation)
    {
        Interlocked.Exchange(ref _position, position);
        return ValueTask.CompletedTask;
    }

    private async Task SendAsync(PooledBuffer body, List<Operation> operations, List<RejectedProduct> rejected, List<string> held, CancellationToken cancellation)
    {
        var left = await SendOnceAsync(body, operations, rejected, held, cancellation);
        var pause = FirstPause;
        for (var attempts = 1; left.Count > 0; attempts++, pause *= 2)
        {
            if (attempts == MaxAttempts) throw new IndexUnavailableException(
                ErrorReason.IndexUnavailable, $"Elasticsearch does not take {left.Count} of {operations.Count} products now.");
            await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), time, cancellation);
            var again = new PooledBuffer();
            List<Operation> moved = [];
            foreach (var operation in left)
            {
                var start = again.Length;
                again.Append(body.Written.Span[operation.Start..operation.End]);
                moved.Add(operation with { Start = start, End = again.Length });
            }
            left = await SendOnceAsync(again, moved, rejected, held, cancellation);
            (body, operations) = (again, moved);
        }
    }

    /// <summary>Sends the operations; returns those that may succeed later.</summary>
    private async Task<List<Operation>> SendOnceAsync(PooledBuffer body, List<Operation> operations, List<RejectedProduct> rejected, List<string> held, CancellationToken cancellation)
    {
        List<Operation> left = [];
        var answer = await BulkAsync(body, operations.Count, cancellation);
        if (answer.Items.Count != operations.Count) throw Unreadable();
        if (!answer.Errors) return left;
        for (var i = 0; i < operations.Count; i++)
        {
            var result = answer.Items[i].Index;
            switch (result.Status)
            {
                case >= 200 and < 300:
                    break;
                case 409: // the newer version is there already
                    held.Add(operations[i].Product.Name);
                    break;
                case 404:
                    throw Lost();
                case 400 when IsOfTheIndex(result.Error):
                    throw new IndexUnavailableException(ErrorReason.IndexUnavailable, $"Elasticsearch takes nothing by the alias {_alias}: {result.Error!.Reason}");
                case 400:
                    rejected.Add(new RejectedProduct(operations[i].Product, $"{result.Error?.Type}: {result.Error?.Reason}"));
                    break;
                default:
                    left.Add(operations[i]);
                    break;
            }
        }
        return left;
    }

    private async Task<BulkAnswer> BulkAsync(PooledBuffer body, int operations, CancellationToken cancellation)
    {
        // Whoever asks again sooner than the server wants, and however often, gets through no earlier.
        if (_refused.For - time.GetElapsedTime(_refused.Since) is { Ticks: > 0 } rest) await Task.Delay(rest, time, cancellation);
        using var activity = Activities.StartActivity("bulk", ActivityKind.Client);
        activity?.SetTag("db.system.name", "elasticsearch").SetTag("db.operation.name", "bulk").SetTag("db.operation.batch.size", operations).SetTag("db.collection.name", index);
        try
        {
            return await client.BulkAsync(_alias, body.Written, cancellation);
        }
        catch (IndexUnavailableException e)
        {
            activity?.SetStatus(ActivityStatusCode.Error, e.Message);
            if (e.RetryAfter > Usual) _refused = (time.GetTimestamp(), e.RetryAfter < LongestPause ? e.RetryAfter : LongestPause);
            throw;
        }
        catch (ElasticsearchException e) when (e.IsMissing)
        {
            throw Lost();
        }
    }

    // What every document would meet is no fault of this one.
    private static bool IsOfTheIndex(ErrorCause? error) => error?.Type is "index_closed_exception"
        || (error is { Type: "illegal_argument_exception", Reason: { } reason } && reason.StartsWith("no write index is defined for alias", StringComparison.Ordinal));

    private IndexLostException Lost() => new($"The index {index} is not the one to write any more: another one was built, or it was removed.");

    private static IndexUnavailableException Unreadable() =>
        new(ErrorReason.IndexUnavailable, "Elasticsearch's answer does not fit the request.");

    /// <summary>One product and where its operation stands in the body.</summary>
    private readonly record struct Operation(Product Product, int Start, int End);
}
