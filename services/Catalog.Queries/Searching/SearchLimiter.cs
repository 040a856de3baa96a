namespace Catalog.Queries;

/// <summary>
/// Lets some searches run and some wait, and refuses the others at once (G10): a search that would have waited longer than its caller does is work for nothing.
/// </summary>
internal sealed class SearchLimiter(QueriesOptions options)
{
    private readonly SemaphoreSlim _slots = new(options.MaxConcurrentSearches);
    private int _queued;

    /// <summary>A slot to search in; dispose it afterwards.</summary>
    public async ValueTask<Slot> EnterAsync(CancellationToken cancellation)
    {
        if (_slots.Wait(0, CancellationToken.None)) return new Slot(_slots);
        try
        {
            if (Interlocked.Increment(ref _queued) > options.MaxQueuedSearches) throw Failures.Overloaded("searches");
            await _slots.WaitAsync(cancellation);
            return new Slot(_slots);
        }
        finally
        {
            Interlocked.Decrement(ref _queued);
        }
    }

    /// <summary>The right to run one search.</summary>
    public readonly struct Slot(SemaphoreSlim slots) : IDisposable
    {
        public void Dispose() => slots.Release();
    }
}
