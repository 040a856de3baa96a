using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Catalog.Internal.V1;
using Catalog.Queries;

namespace Catalog.Tests.Queries.Service;

/// <summary>A feed whose batches a test writes.</summary>
internal sealed class FakeFeed : IChangeFeed
{
    public Channel<ChangeBatch> Batches { get; } = Channel.CreateUnbounded<ChangeBatch>();

    public WatchPosition End { get; set; } = At(7);

    public Exception? Failure { get; set; }

    public Exception? EndFailure { get; set; }

    public WatchPosition? ReadFrom { get; private set; }

    public TimeSpan Heartbeat { get; private set; }

    public static WatchPosition At(long position) => new() { LogId = "log-1", Partitions = { new PartitionPosition { Position = position } } };

    public ValueTask<WatchPosition> GetIndexedAsync(CancellationToken cancellation) => EndFailure is null ? ValueTask.FromResult(End) : throw EndFailure;

    public async IAsyncEnumerable<ChangeBatch> ReadAsync(WatchPosition after, TimeSpan heartbeat, [EnumeratorCancellation] CancellationToken cancellation)
    {
        ReadFrom = after;
        Heartbeat = heartbeat;
        if (Failure is not null) throw Failure;
        await foreach (var batch in Batches.Reader.ReadAllAsync(cancellation)) yield return batch;
    }
}
