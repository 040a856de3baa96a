using System.Runtime.CompilerServices;
using Catalog.Internal.V1;
using Catalog.Queries;
using Catalog.V1;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Catalog.Kafka.Watching;

/// <summary>Watches the topic. While the queue is away, watches stay open and say that they are delayed.</summary>
/// <param name="tail">The end of the topic.</param>
/// <param name="past">What is further back.</param>
/// <param name="admin">How far the projectors are.</param>
/// <param name="options">The topic.</param>
/// <param name="logId">The event log that the index follows; null while it is not known.</param>
/// <param name="time">The clock of the heartbeats.</param>
internal sealed class KafkaChangeFeed(
    SharedTail tail, CatchUpReaders past, TopicAdmin admin, KafkaOptions options, Func<CancellationToken, ValueTask<string?>> logId, TimeProvider time) : IChangeFeed
{
    private const int Batch = 500;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2), RetryAfter = TimeSpan.FromSeconds(1);

    private SharedWork<Passed>? _asking;
    private volatile Passed? _passed;

    public async ValueTask<WatchPosition> GetIndexedAsync(CancellationToken cancellation)
    {
        if (tail.Window is null) await tail.Started.WaitAsync(Patience, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
        if (tail.Window is not { } window) throw Unavailable("The message queue cannot be reached now.");
        var log = await logId(cancellation) ?? throw Unavailable("The index does not say now which event log it follows.");
        if (!tail.IsLate)
        {
            try
            {
                _passed = await LazyInitializer.EnsureInitialized(ref _asking, () => new SharedWork<Passed>(AskAsync)).RunAsync(cancellation).WaitAsync(Patience, cancellation);
            }
            // What the projectors had passed before, they have passed.
            catch (Exception e) when (e is KafkaException or TimeoutException) { }
        }
        if (_passed is not { } passed || passed.TopicId != window.TopicId) throw Unavailable("The message queue does not say now how far the projectors are.");
        // The tail is there in a moment.
        for (var begun = time.GetTimestamp(); !window.HasReached(passed.Offsets) && time.GetElapsedTime(begun) < Patience;)
        {
            var changed = window.Changed;
            if (!window.HasReached(passed.Offsets)) await changed.WaitAsync(TimeSpan.FromMilliseconds(100), cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        cancellation.ThrowIfCancellationRequested();
        return window.GetPosition(log, passed.Offsets);
    }

    private sealed record Passed(string TopicId, IReadOnlyDictionary<int, long> Offsets);

    // The projectors commit only what the index took. Before what is still kept nobody can watch.
    private async Task<Passed> AskAsync()
    {
        var window = tail.Window!;
        var partitions = Enumerable.Range(0, window.Partitions).ToList();
        var committed = await admin.GetCommittedAsync(options.Group, options.Topic, partitions, CancellationToken.None);
        var begins = await admin.GetOffsetsAsync(options.Topic, partitions, OffsetSpec.Earliest(), CancellationToken.None);
        return new Passed(window.TopicId, partitions.ToDictionary(p => p, p => Math.Max(committed[p] ?? 0, begins[p])));
    }

    public async IAsyncEnumerable<ChangeBatch> ReadAsync(WatchPosition after, TimeSpan heartbeat, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var cursor = new WatchCursor(after);
        if (await logId(cancellation) is { } log && log != after.LogId)
            throw new PositionExpiredException("The position is of another event log: the database was restored, or it is another catalog's.");
        ChangeWindow? known = null;
        var sent = time.GetTimestamp();
        while (true)
        {
            var window = tail.Window;
            if (window is not null && window != known)
            {
                cursor.CheckTopic(window.TopicId, window.Partitions);
                cursor.Seen = -1;
                known = window;
            }
            var news = window?.Changed ?? tail.Started;
            var events = window is null ? [] : window.Read(cursor, Batch, CatchUpReaders.MaxBytes);
            if (events is null)
            {
                cursor.CheckKept(tail.Begins);
                var reading = past.ReadAsync(cursor, cancellation);
                while (!await IsDone(reading, heartbeat, cancellation)) yield return new ChangeBatch([], after, Delayed: true);
                events = await reading;
                // The shared window may hold the rest; else it is tried again soon.
                news = Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellation);
            }
            if (events.Count == 0)
            {
                if (tail.LogId is { } now && now != cursor.LogId && await logId(cancellation) is { } sure && sure != cursor.LogId)
                    throw new PositionExpiredException("The database was restored meanwhile.");
                var rest = heartbeat - time.GetElapsedTime(sent);
                if (rest > TimeSpan.Zero && (await IsDone(news, rest, cancellation) || time.GetElapsedTime(sent) < heartbeat)) continue;
            }
            sent = time.GetTimestamp();
            if (known is not null) after = cursor.ToPosition();
            yield return new ChangeBatch(events, after, tail.IsLate);
        }
    }

    private async Task<bool> IsDone(Task task, TimeSpan limit, CancellationToken cancellation)
    {
        await task.WaitAsync(limit, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
        return task.IsCompleted;
    }

    private static IndexUnavailableException Unavailable(string message) => new(ErrorReason.IndexUnavailable, message, RetryAfter);
}
