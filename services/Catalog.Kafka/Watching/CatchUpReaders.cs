using System.Collections.Concurrent;
using System.Diagnostics;
using Catalog.Queries;
using Catalog.V1;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Catalog.Kafka.Watching;

/// <summary>
/// Reads for watchers that are further back than the shared window. A consumer costs threads and buffers, so there are a few of them, and watchers take turns: each gets some
/// messages and gives the consumer back before it sends them on, so a slow client holds none up.
/// </summary>
internal sealed partial class CatchUpReaders(KafkaClients clients, KafkaOptions options, ILogger<CatchUpReaders> logger) : IDisposable
{
    /// <summary>So many bytes of events a watcher gets at once, or one event: it holds them until its client has taken them, as do all the others that are behind.</summary>
    public const int MaxBytes = 128 * 1024;

    private const int Readers = 4;
    private const int MaxEvents = 1000;
    private static readonly TimeSpan MaxTurn = TimeSpan.FromSeconds(2), Poll = TimeSpan.FromMilliseconds(100);

    private readonly SemaphoreSlim _turns = new(Readers);
    private readonly ConcurrentBag<IConsumer<byte[], byte[]>> _free = [];
    private volatile bool _disposed;

    /// <summary>The next events of a watcher; none if there are none, or none came in time.</summary>
    /// <exception cref="PositionExpiredException">The topic no longer keeps them.</exception>
    public async Task<List<ProductEvent>> ReadAsync(WatchCursor cursor, CancellationToken cancellation)
    {
        await _turns.WaitAsync(cancellation);
        var events = new List<ProductEvent>();
        IConsumer<byte[], byte[]>? consumer = null;
        var sound = false;
        try
        {
            if (!_free.TryTake(out consumer)) consumer = Create();
            await Task.Run(() => Read(consumer, cursor, events, cancellation), CancellationToken.None);
            sound = true;
        }
        // Of this watcher: who had the consumer before may have left an error of its own.
        catch (ConsumeException e) when (e.Error.Code is ErrorCode.Local_AutoOffsetReset or ErrorCode.OffsetOutOfRange && cursor.IsNextAt(e.ConsumerRecord))
        {
            throw WatchCursor.Expired();
        }
        catch (ConsumeException e) when (!e.Error.IsFatal)
        {
            Failed(logger, e);
        }
        finally
        {
            _ = EndTurnAsync(consumer, sound);
        }
        // Also those before an error: the watcher has passed them.
        return events;
    }

    private IConsumer<byte[], byte[]> Create() =>
        clients.Consumer("watch-past", $"{options.Group}-watch", null, _ => { }, ("enable.partition.eof", "true"), ("queued.max.messages.kbytes", "1024"),
            // Of each partition, so that little is fetched in vain: after every turn it begins elsewhere.
            ("fetch.message.max.bytes", "65536"));

    private async Task EndTurnAsync(IConsumer<byte[], byte[]>? consumer, bool sound)
    {
        if (consumer is not null)
        {
            // The turn lasts until it is gone, so that there are never more of them.
            if (!sound || _disposed) await KafkaClients.ReleaseAsync(consumer);
            else _free.Add(consumer);
        }
        _turns.Release();
    }

    private void Read(IConsumer<byte[], byte[]> consumer, WatchCursor cursor, List<ProductEvent> events, CancellationToken cancellation)
    {
        var open = Enumerable.Range(0, cursor.Offsets.Length).ToHashSet();
        consumer.Assign(Places(cursor));
        var turn = Stopwatch.StartNew();
        for (var bytes = 0; open.Count > 0 && events.Count < MaxEvents && bytes < MaxBytes && turn.Elapsed < MaxTurn && !cancellation.IsCancellationRequested;)
        {
            if (consumer.Consume(Poll) is not { } message) continue;
            var count = events.Count;
            cursor.Pass(message, events);
            if (message.IsPartitionEOF) open.Remove(message.Partition);
            else if (events.Count > count) bytes += message.Message.Value?.Length ?? 0;
        }
        consumer.Unassign();
    }

    private List<TopicPartitionOffset> Places(WatchCursor cursor)
    {
        var places = new List<TopicPartitionOffset>();
        for (var p = 0; p < cursor.Offsets.Length; p++) places.Add(new TopicPartitionOffset(options.Topic, p, cursor.Offsets[p]));
        return places;
    }

    public void Dispose()
    {
        _disposed = true;
        while (_free.TryTake(out var consumer)) _ = KafkaClients.ReleaseAsync(consumer);
    }

    [LoggerMessage(1, LogLevel.Warning, "What a watch missed cannot be read now; it is tried again")]
    private static partial void Failed(ILogger logger, Exception error);
}
