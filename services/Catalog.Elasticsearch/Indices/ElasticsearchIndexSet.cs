using Catalog.Elasticsearch.Http;
using Catalog.Elasticsearch.Status;
using Catalog.Elasticsearch.Writing;
using Catalog.Projections;
using Catalog.Queries;
using Catalog.V1;
using Microsoft.Extensions.Logging;

namespace Catalog.Elasticsearch.Indices;

/// <summary>The indices of the catalog in Elasticsearch, one of which serves: the one behind the alias.</summary>
/// <remarks>
/// Whatever is written, goes through an alias that must exist: <c>products-log-ID-vSCHEMA</c> for the index that serves, one of its own for each index under
/// construction. A swap moves all of them in one step, so that nothing of another event log can get into an index, and no index is made by accident. The relay removes what was
/// replaced when its grace is over, or the next rebuild does.
/// </remarks>
internal sealed partial class ElasticsearchIndexSet(
    ElasticsearchClient client, IndexNames names, ServingIndex serving, OldIndices old, StatusIndex notes, ElasticsearchOptions options, TimeProvider time,
    ILogger<ElasticsearchIndexSet> logger) : IIndexSet, IAsyncDisposable
{
    private readonly RebuildLease _lease = new(notes, time);
    private IndexWriter? _current, _building;
    private string? _finished;

    /// <summary>Never completes: indices of Elasticsearch do not break on their own, and the first one is made by whoever rebuilds.</summary>
    public Task Unusable { get; } = new TaskCompletionSource().Task;

    /// <inheritdoc/>
    public async ValueTask<IIndexWriter?> GetCurrentAsync(CancellationToken cancellation)
    {
        if (await serving.ResolveAsync(cancellation) is not { IsUsable: true } index) return null;
        var current = Volatile.Read(ref _current);
        if (current?.Index == index.Name) return current;
        var writer = new IndexWriter(client, index.Name, index.LogId, names.Log(index.LogId), time, position: index.Position);
        return Interlocked.CompareExchange(ref _current, writer, current) == current ? writer : await GetCurrentAsync(cancellation);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Another process is building an index.</exception>
    public async ValueTask<IIndexWriter> CreateAsync(string logId, CancellationToken cancellation)
    {
        await _lease.TakeAsync(cancellation);
        // Its name is free in a moment. Who still writes into it must not meet the new one.
        var abandoned = _building?.Index;
        _building = null;
        await old.RemoveAsync(alsoUnfinished: true, cancellation);
        for (var attempt = 0; ; attempt++)
        {
            var index = names.New(time.GetUtcNow(), attempt);
            if (index == abandoned) continue;
            var alias = IndexNames.Building(index);
            if (!await client.CreateAsync(index, json => IndexSchema.Write(json, options, logId, alias), cancellation)) continue;
            return _building = new IndexWriter(client, index, logId, alias, time, _lease.KeepAsync);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Elasticsearch will never do it, as where an index has the name that the alias is to have; or another process is building an index.</exception>
    public async ValueTask SwapAsync(IIndexWriter next, CancellationToken cancellation)
    {
        if (next is not IndexWriter writer || writer != _building) throw Replaced();
        try
        {
            await SwapAsync(writer, cancellation);
        }
        catch (ElasticsearchException e)
        {
            throw new InvalidOperationException($"The new index cannot serve. {e.Message}", e);
        }
    }

    private async Task SwapAsync(IndexWriter writer, CancellationToken cancellation)
    {
        await _lease.TakeAsync(cancellation);
        await client.ConfigureAsync(writer.Index, json => IndexSchema.WriteServing(json, options), cancellation);
        await DescribeAsync(writer, finished: false, cancellation);
        await client.RefreshAsync(writer.Index, cancellation);

        var before = await MoveAliasesAsync(writer, cancellation);
        _building = null;
        writer.Serve(names.Log(writer.LogId));
        Volatile.Write(ref _current, writer);
        Log.Swapped(logger, writer.Index, string.Join(", ", before));
    }

    /// <inheritdoc/>
    public async ValueTask FinishAsync(IIndexWriter index, CancellationToken cancellation)
    {
        await DescribeAsync((IndexWriter)index, finished: true, cancellation);
        await _lease.ReleaseAsync(cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask<IIndexWriter?> GetUnfinishedAsync(CancellationToken cancellation)
    {
        if (await serving.ResolveAsync(cancellation) is not { IsUsable: true } index || index.Name == _finished) return null;
        if (await client.GetMetaAsync(index.Name, cancellation) is not { Finished: false } meta)
        {
            _finished = index.Name;
            return null;
        }
        // Whoever swapped it in is still at work, or a next rebuild is.
        if (await _lease.IsTakenAsync(cancellation)) return null;
        return new IndexWriter(client, index.Name, index.LogId, names.Log(index.LogId), time, position: meta.Position);
    }

    /// <summary>Removes an index that is still under construction, so that the next attempt need not wait for this one to count as dead.</summary>
    public async ValueTask DisposeAsync()
    {
        var building = Interlocked.Exchange(ref _building, null);
        try
        {
            if (building is not null) await old.AbandonAsync(building.Index, CancellationToken.None);
            await _lease.ReleaseAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is IndexUnavailableException or ElasticsearchException)
        {
            Log.LeftOver(logger, building?.Index ?? names.Read, e);
        }
    }

    private async Task DescribeAsync(IndexWriter writer, bool finished, CancellationToken cancellation)
    {
        var position = await writer.GetPositionAsync(cancellation);
        await client.DescribeAsync(writer.Index, json => IndexSchema.WriteMeta(json, writer.LogId, position, finished, time.GetUtcNow()), cancellation);
    }

    private async Task<IReadOnlyCollection<string>> MoveAliasesAsync(IndexWriter writer, CancellationToken cancellation)
    {
        if (await IsMovedAsync(writer, cancellation)) return [];
        List<AliasMove> moves =
        [
            new(writer.Index, IndexNames.Building(writer.Index), Add: false), new(writer.Index, names.Read, Add: true),
            new(writer.Index, names.Log(writer.LogId), Add: true),
        ];
        List<string> before = [];
        foreach (var (index, aliases) in await client.ListAsync(names.Prefix, cancellation))
        {
            var ours = aliases.Where(alias => alias == names.Read || names.IsLog(alias)).ToList();
            if (ours.Count == 0) continue;
            before.Add(index);
            moves.AddRange(ours.Select(alias => new AliasMove(index, alias, Add: false)));
            moves.Add(new AliasMove(index, IndexNames.Retired(index, time.GetUtcNow()), Add: true));
        }
        try
        {
            if (await client.MoveAliasesAsync(moves, cancellation)) return before;
        }
        catch (IndexUnavailableException)
        {
            if (await IsMovedAsync(writer, cancellation)) return before;
            throw;
        }
        throw Replaced();
    }

    // An attempt that failed may have been done all the same, but not every node need know it yet. Nodes learn of changes in their order, so those that know of the next know of it too.
    private async Task<bool> IsMovedAsync(IndexWriter writer, CancellationToken cancellation)
    {
        if (!(await client.ResolveAsync(names.Read, cancellation)).Contains(writer.Index, StringComparer.Ordinal)) return false;
        await DescribeAsync(writer, finished: false, cancellation);
        return true;
    }

    private static IndexUnavailableException Replaced() =>
        new(ErrorReason.IndexRebuilding, "This index cannot serve any more: another one was built meanwhile.");

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "The index {Index} serves now, in the place of {Before}.")]
        public static partial void Swapped(ILogger logger, string index, string before);

        [LoggerMessage(LogLevel.Warning, "The index {Index}, which was not completed, could not be removed. The next rebuild removes it.")]
        public static partial void LeftOver(ILogger logger, string index, Exception cause);
    }
}
