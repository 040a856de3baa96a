using System.Runtime.CompilerServices;
using Catalog.Commands;
using Catalog.Internal.V1;
using Catalog.Projections;
using Catalog.Queries;
using Catalog.Sqlite.Index;
using Catalog.V1;

namespace Catalog.Sqlite;

/// <summary>Watches the event log. Each watcher reads the log itself from where it is, so a slow one costs no memory but for the batch that it is about to take.</summary>
internal sealed class SqliteChangeFeed(SqliteEventLog log, IIndexSet indexes) : IChangeFeed
{
    private const int Batch = 200, BatchBytes = 256 * 1024;

    public async ValueTask<WatchPosition> GetIndexedAsync(CancellationToken cancellation)
    {
        var bounds = await Told(() => log.GetBoundsAsync(cancellation));
        if (await indexes.GetCurrentAsync(cancellation) is not { } index || index.LogId != bounds.LogId) throw IndexFile.Rebuilding();
        return Position(bounds.LogId, Math.Clamp(await index.GetPositionAsync(cancellation), bounds.Trimmed, bounds.Head));
    }

    public async IAsyncEnumerable<ChangeBatch> ReadAsync(WatchPosition after, TimeSpan heartbeat, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var position = after.Partitions is [var partition] ? partition.Position : -1;
        var bounds = await Told(() => log.GetBoundsAsync(cancellation));
        if (after.LogId != bounds.LogId) throw new PositionExpiredException("The position is of another event log: the database was restored, or it is another catalog's.");
        if (position < 0 || position > bounds.Head) throw new PositionExpiredException("The position is not of this event log.");
        while (true)
        {
            var events = await Told(() => ValueTask.FromResult(log.Read(position, Batch, BatchBytes)));
            // After the read, so that what happened between the two is noticed rather than skipped over.
            var now = await Told(() => log.GetBoundsAsync(cancellation));
            if (now.LogId != bounds.LogId) throw new PositionExpiredException("The database was restored meanwhile.");
            if (now.Trimmed > position) throw new PositionExpiredException("The changes after this position are no longer kept.");
            if (events.Count > 0)
            {
                position = events[^1].Position;
                yield return new ChangeBatch(Parse(events, bounds.LogId), Position(bounds.LogId, position));
                continue;
            }
            // Ended with the wait: what waits for the next commit would else stay until there is one.
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            try
            {
                await log.WaitAsync(position, waiting.Token).WaitAsync(heartbeat, cancellation);
                continue;
            }
            catch (TimeoutException) { }
            finally
            {
                await waiting.CancelAsync();
            }
            yield return new ChangeBatch([], Position(bounds.LogId, position));
        }
    }

    /// <summary>What the read side says where the command database cannot be read.</summary>
    internal static IndexUnavailableException Unavailable(CommandStoreException cause) => new(ErrorReason.IndexUnavailable, cause.Message, inner: cause);

    private static async ValueTask<T> Told<T>(Func<ValueTask<T>> read)
    {
        try
        {
            return await read();
        }
        catch (CommandStoreException e)
        {
            throw Unavailable(e);
        }
    }

    private static List<ProductEvent> Parse(IReadOnlyList<LoggedEvent> events, string logId)
    {
        var parsed = new List<ProductEvent>(events.Count);
        foreach (var logged in events)
            // What cannot be read was set aside by the projector, with the reason; a watcher passes over it.
            if (EventBody.TryParse(logged, logId, out var happened, out _)) parsed.Add(happened);
        return parsed;
    }

    private static WatchPosition Position(string logId, long position) => new() { LogId = logId, Partitions = { new PartitionPosition { Position = position } } };
}
