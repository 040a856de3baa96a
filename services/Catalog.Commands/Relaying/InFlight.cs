namespace Catalog.Commands.Relaying;

/// <summary>The events that were handed to the queue and are not answered for, in the order of the log. Answers come in any order; the checkpoint follows the oldest one that is missing.</summary>
internal sealed class InFlight(long published)
{
    // Behind one that the queue does not take, as while a partition is away, the others are answered for; so many are remembered, without their bodies.
    private const int MaxEntries = 100_000;

    private readonly Lock _gate = new();
    private readonly Queue<Entry> _entries = new();
    private readonly Dictionary<long, Entry> _open = [];
    private long _published = published;
    private TaskCompletionSource? _room;

    /// <summary>Up to here everything is answered for.</summary>
    public long Published
    {
        get
        {
            lock (_gate) return _published;
        }
    }

    /// <summary>How many are not answered for.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _open.Count;
        }
    }

    /// <summary>When the oldest of them occurred; null if there is none.</summary>
    public DateTimeOffset? Oldest
    {
        get
        {
            lock (_gate) return _entries.TryPeek(out var first) ? first.Occurred : null;
        }
    }

    /// <summary>When the oldest of them was handed over, by the clock of this process; null if there is none.</summary>
    public DateTimeOffset? HandedOver
    {
        get
        {
            lock (_gate) return _entries.TryPeek(out var first) ? first.HandedOver : null;
        }
    }

    /// <summary>Completes once some more may be added.</summary>
    public Task UntilRoomAsync()
    {
        lock (_gate)
        {
            if (_entries.Count < MaxEntries) return Task.CompletedTask;
            return (_room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>Notes an event before it is handed over.</summary>
    public void Add(OutboxEvent happened, DateTimeOffset now)
    {
        lock (_gate)
        {
            var entry = new Entry(happened, now);
            _entries.Enqueue(entry);
            _open.Add(happened.Position, entry);
        }
    }

    /// <summary>The event at a position that is not answered for.</summary>
    public OutboxEvent? Find(long position)
    {
        lock (_gate) return _open.TryGetValue(position, out var entry) ? entry.Event : null;
    }

    /// <summary>Notes that an event is answered for: acknowledged, or set aside. Null if it was already.</summary>
    public DateTimeOffset? Done(long position)
    {
        lock (_gate)
        {
            if (!_open.Remove(position, out var entry)) return null;
            entry.Event = null;
            while (_entries.TryPeek(out var first) && first.Event is null)
            {
                _published = first.Position;
                _entries.Dequeue();
            }
            TellRoom();
            return entry.Occurred;
        }
    }

    /// <summary>Gives up what is not answered for; it is handed over again from <see cref="Published"/> on.</summary>
    public void Forget()
    {
        lock (_gate)
        {
            _entries.Clear();
            _open.Clear();
            TellRoom();
        }
    }

    private void TellRoom()
    {
        if (_room is null || _entries.Count >= MaxEntries) return;
        _room.SetResult();
        _room = null;
    }

    private sealed class Entry(OutboxEvent happened, DateTimeOffset now)
    {
        public DateTimeOffset HandedOver => now;

        public long Position { get; } = happened.Position;

        public DateTimeOffset Occurred { get; } = happened.Occurred;

        /// <summary>Null once it is answered for.</summary>
        public OutboxEvent? Event { get; set; } = happened;
    }
}
