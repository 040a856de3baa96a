using System.Collections.Concurrent;
using Catalog.Projections;
using Catalog.V1;

namespace Catalog.Tests.Kafka;

/// <summary>An index in memory that can fail, refuse and be missing.</summary>
internal sealed class MemoryIndexSet : IIndexSet, IStatusBoard
{
    public MemoryIndex? Current { get; set; } = new(TestTopic.LogId);

    public Func<Product, string?> Reject { get; set; } = _ => null;

    public bool Away { get; set; }

    private int _attempts;
    private volatile Writer? _writer;

    public int Attempts => Volatile.Read(ref _attempts);

    public ConcurrentQueue<ProjectorReport> Reports { get; } = [];

    public Task Unusable { get; } = new TaskCompletionSource().Task;

    public ValueTask<IIndexWriter?> GetCurrentAsync(CancellationToken cancellation)
    {
        Interlocked.Increment(ref _attempts);
        if (Away) throw new IOException("The index is away.");
        if (Current is not { } index) return ValueTask.FromResult<IIndexWriter?>(null);
        // The same one as long as the index is.
        if (_writer?.Index != index) _writer = new Writer(this, index);
        return ValueTask.FromResult<IIndexWriter?>(_writer);
    }

    public ValueTask<IIndexWriter> CreateAsync(string logId, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask SwapAsync(IIndexWriter next, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask FinishAsync(IIndexWriter index, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask<IIndexWriter?> GetUnfinishedAsync(CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask ReportAsync(RelayReport report, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask ReportAsync(ProjectorReport report, CancellationToken cancellation)
    {
        Reports.Enqueue(report);
        if (Away) throw new IOException("The index is away.");
        return ValueTask.CompletedTask;
    }

    private sealed class Writer(MemoryIndexSet set, MemoryIndex index) : IIndexWriter
    {
        public MemoryIndex Index => index;

        public string LogId => index.LogId;

        public ValueTask<IndexOutcome> WriteAsync(IReadOnlyList<Product> products, CancellationToken cancellation)
        {
            if (set.Away) throw new IOException("The index is away.");
            if (index.Lost) throw new IndexLostException("The index is gone.");
            var (rejected, held) = (new List<RejectedProduct>(), new List<string>());
            foreach (var product in products)
            {
                if (set.Reject(product) is { } reason) rejected.Add(new RejectedProduct(product, reason));
                else if (!index.Take(product)) held.Add(product.Name);
            }
            return ValueTask.FromResult(new IndexOutcome(rejected, held));
        }

        public ValueTask<long> GetPositionAsync(CancellationToken cancellation) => ValueTask.FromResult(index.Position);

        public ValueTask SavePositionAsync(long position, CancellationToken cancellation) => throw new NotSupportedException();
    }
}

internal sealed class MemoryIndex(string logId)
{
    private readonly ConcurrentDictionary<string, long> _versions = new(StringComparer.Ordinal);

    public string LogId => logId;

    public long Position { get; set; }

    public bool Lost { get; set; }

    public int Count => _versions.Count;

    /// <summary>The version held of each product, by its id.</summary>
    public SortedDictionary<string, long> Versions => new(_versions.ToDictionary(v => v.Key["products/".Length..], v => v.Value), StringComparer.Ordinal);

    /// <summary>Takes a product that is newer than the one held; false if it is not.</summary>
    public bool Take(Product product)
    {
        var isNew = true;
        _versions.AddOrUpdate(product.Name, product.Version, (_, held) => (isNew = held < product.Version) ? product.Version : held);
        return isNew;
    }
}
