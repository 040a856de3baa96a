namespace Catalog.Queries;

/// <summary>
/// Lets some calls run and some wait, and refuses the others at once (G10): a call that would have waited longer than its caller does is work for nothing.
/// Who waits gets a turn in the order of coming, also who counts as several.
/// </summary>
/// <param name="slots">How many run at once.</param>
/// <param name="queue">How many calls more may wait.</param>
/// <param name="what">What there are too many of, for people.</param>
internal sealed class Limiter(int slots, int queue, string what)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Waiter> _queue = [];
    private readonly int _slots = slots;
    private int _free = slots;

    /// <summary>A slot to run in; dispose it afterwards.</summary>
    /// <param name="weight">As how many the call counts; more than there are is all of them.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public ValueTask<Slot> EnterAsync(int weight, CancellationToken cancellation)
    {
        weight = Math.Min(weight, _slots);
        LinkedListNode<Waiter> waiter;
        lock (_lock)
        {
            if (_queue.Count == 0 && _free >= weight)
            {
                _free -= weight;
                return new ValueTask<Slot>(new Slot(this, weight));
            }
            if (_queue.Count >= queue) throw Failures.Overloaded(what);
            waiter = _queue.AddLast(new Waiter(weight));
        }
        return WaitAsync(waiter, cancellation);
    }

    private async ValueTask<Slot> WaitAsync(LinkedListNode<Waiter> waiter, CancellationToken cancellation)
    {
        try
        {
            await waiter.Value.Task.WaitAsync(cancellation);
            return new Slot(this, waiter.Value.Weight);
        }
        catch (OperationCanceledException)
        {
            lock (_lock)
            {
                // Its turn may have come in this moment.
                if (waiter.List is null) _free += waiter.Value.Weight;
                else _queue.Remove(waiter);
                GiveOut();
            }
            throw;
        }
    }

    private void Leave(int weight)
    {
        lock (_lock)
        {
            _free += weight;
            GiveOut();
        }
    }

    private void GiveOut()
    {
        while (_queue.First is { Value: var next } && next.Weight <= _free)
        {
            _free -= next.Weight;
            _queue.RemoveFirst();
            next.SetResult();
        }
    }

    private sealed class Waiter(int weight) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public int Weight => weight;
    }

    /// <summary>The right to run one call.</summary>
    public readonly struct Slot(Limiter limiter, int weight) : IDisposable
    {
        public void Dispose() => limiter.Leave(weight);
    }
}
