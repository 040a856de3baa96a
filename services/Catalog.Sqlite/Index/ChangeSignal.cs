namespace Catalog.Sqlite.Index;

/// <summary>Wakes everyone who waits for the next change. Costs nothing while nobody waits.</summary>
internal sealed class ChangeSignal
{
    private TaskCompletionSource? _waiters;

    /// <summary>Completes with the next <see cref="Set"/> after the call.</summary>
    public Task WaitAsync(CancellationToken cancellation)
    {
        var waiters = Volatile.Read(ref _waiters);
        if (waiters is null)
        {
            var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            waiters = Interlocked.CompareExchange(ref _waiters, mine, null) ?? mine;
        }
        return waiters.Task.WaitAsync(cancellation);
    }

    public void Set() => Interlocked.Exchange(ref _waiters, null)?.TrySetResult();
}
