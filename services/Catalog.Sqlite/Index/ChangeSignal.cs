namespace Catalog.Sqlite.Index;

/// <summary>Wakes everyone who waits for the next change. Costs nothing while nobody waits.</summary>
internal sealed class ChangeSignal
{
    private TaskCompletionSource? _waiters;

    /// <summary>Completes with the next <see cref="Set"/> from now on.</summary>
    public Task Next
    {
        get
        {
            var waiters = Volatile.Read(ref _waiters);
            if (waiters is null)
            {
                var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                waiters = Interlocked.CompareExchange(ref _waiters, mine, null) ?? mine;
            }
            return waiters.Task;
        }
    }

    public void Set() => Interlocked.Exchange(ref _waiters, null)?.TrySetResult();
}
