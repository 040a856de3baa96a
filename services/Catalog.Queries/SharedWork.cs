namespace Catalog.Queries;

/// <summary>
/// Work that many may ask for at once and that is done for all of them together: nobody joins work that has begun, since it may have missed what the
/// caller wants seen, and all who come meanwhile share the next.
/// </summary>
internal sealed class SharedWork<T>(Func<Task<T>> work)
{
    private readonly Lock _gate = new();
    private Task<T>? _running, _next;

    /// <summary>Work that begins after the call. Cancelling ends the wait, not the work.</summary>
    public Task<T> RunAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (_next is null && _running is not { IsCompleted: false }) return (_running = Task.Run(work, CancellationToken.None)).WaitAsync(cancellation);
            return (_next ??= RunNextAsync(_running!)).WaitAsync(cancellation);
        }
    }

    private async Task<T> RunNextAsync(Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        Task<T> mine;
        lock (_gate)
        {
            _next = null;
            mine = _running = work();
        }
        return await mine;
    }
}
