using System.Collections.Concurrent;
using Catalog.Queries;
using Catalog.V1;

namespace Catalog.Tests.Queries.Service;

/// <summary>An index in memory that does what a test tells it. It knows nothing of searching; adapters have their own tests of that.</summary>
internal sealed class FakeIndex : IProductIndex
{
    private readonly ConcurrentQueue<TaskCompletionSource> _waiters = new();
    private int _open;

    /// <summary>The products, which a swap exchanges as a whole.</summary>
    public Contents Current { get; set; } = new("log-1");

    public IndexStatus Status { get; set; } = new(ProjectionStatus.Types.Phase.Current, "log-1", 0, null, 0);

    /// <summary>Thrown by everything if set.</summary>
    public Exception? Failure { get; set; }

    /// <summary>What a search answers; may wait.</summary>
    public Func<SearchPlan, CancellationToken, Task<SearchPage>> Search { get; set; } = (_, _) => Task.FromResult(new SearchPage([], null, 0, [], []));

    /// <summary>How a change is waited for, if not until there is one.</summary>
    public Func<CancellationToken, Task>? Wait { get; set; }

    /// <summary>What products wait for before they are looked up.</summary>
    public Func<Task> BeforeGet { get; set; } = () => Task.CompletedTask;

    /// <summary>What versions wait for before they are looked up.</summary>
    public Func<Task> BeforeVersions { get; set; } = () => Task.CompletedTask;

    /// <summary>Readers that were opened and not disposed.</summary>
    public int OpenReaders => Volatile.Read(ref _open);

    /// <summary>How often somebody waited for a change.</summary>
    public int Waits;

    /// <summary>How often versions were looked up, and searches made to see everything.</summary>
    public int VersionReads, Refreshes, Gets;

    public ValueTask<IProductReader> OpenAsync(CancellationToken cancellation)
    {
        if (Failure is not null) throw Failure;
        Interlocked.Increment(ref _open);
        return ValueTask.FromResult<IProductReader>(new Reader(this, Current));
    }

    public Func<CancellationToken, Task> WatchForChange()
    {
        var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiters.Enqueue(waiter);
        Interlocked.Increment(ref Waits);
        return Wait ?? waiter.Task.WaitAsync;
    }

    public ValueTask<IndexStatus> GetStatusAsync(CancellationToken cancellation) =>
        Failure is null ? ValueTask.FromResult(Status) : throw Failure;

    public void Put(Product product)
    {
        Current.Products[product.Name["products/".Length..]] = product;
        Changed();
    }

    public void Changed()
    {
        // Only who waits now: one that is woken may wait anew before the others are.
        for (var waiting = _waiters.Count; waiting > 0 && _waiters.TryDequeue(out var waiter); waiting--) waiter.TrySetResult();
    }

    internal sealed record Contents(string LogId)
    {
        public ConcurrentDictionary<string, Product> Products { get; } = new(StringComparer.Ordinal);
    }

    private sealed class Reader(FakeIndex index, Contents contents) : IProductReader
    {
        private int _disposed;

        public string LogId => contents.LogId;

        public async ValueTask<IReadOnlyList<long>> GetVersionsAsync(IReadOnlyList<string> productIds, CancellationToken cancellation)
        {
            Assert.Equal(0, _disposed);
            Interlocked.Increment(ref index.VersionReads);
            await index.BeforeVersions();
            return [.. productIds.Select(id => contents.Products.GetValueOrDefault(id)?.Version ?? 0)];
        }

        public async ValueTask<IReadOnlyList<Product?>> GetAsync(IReadOnlyList<string> productIds, CancellationToken cancellation)
        {
            await index.BeforeGet();
            Assert.Equal(0, _disposed);
            cancellation.ThrowIfCancellationRequested();
            Assert.Equal(productIds.Count, productIds.Distinct(StringComparer.Ordinal).Count());
            Interlocked.Add(ref index.Gets, productIds.Count);
            return [.. productIds.Select(id => contents.Products.GetValueOrDefault(id) is { State: not Product.Types.State.Deleted } product ? product : null)];
        }

        public ValueTask MakeSearchableAsync(CancellationToken cancellation)
        {
            Assert.Equal(0, _disposed);
            Interlocked.Increment(ref index.Refreshes);
            return ValueTask.CompletedTask;
        }

        public async ValueTask<SearchPage> SearchAsync(SearchPlan plan, CancellationToken cancellation)
        {
            Assert.Equal(0, _disposed);
            return await index.Search(plan, cancellation);
        }

        public ValueTask<IReadOnlyList<Product>> SuggestAsync(SuggestPlan plan, CancellationToken cancellation) =>
            ValueTask.FromResult<IReadOnlyList<Product>>([.. contents.Products.Values.Take(plan.Limit)]);

        public void Dispose()
        {
            Assert.Equal(1, Interlocked.Increment(ref _disposed));
            Interlocked.Decrement(ref index._open);
        }
    }
}
