using System.Collections.Concurrent;
using Catalog.Commands.Relaying;
using Catalog.V1;

namespace Catalog.Tests.Relaying;

/// <summary>A queue in memory that can be away, break, refuse and be slow. Like a broker it may have taken what it does not answer for any more.</summary>
internal sealed class FakeQueue : IEventPublisher
{
    private readonly Lock _gate = new();
    private readonly List<ProductEvent> _topic = [];
    private readonly List<Session> _sessions = [];
    private bool _away;

    public Func<EventEnvelope, bool> Refuses { get; set; } = _ => false;

    public ConcurrentQueue<EventEnvelope> Envelopes { get; } = new();

    public int Opened => _sessions.Count;

    /// <summary>What is on the topic, repetitions included.</summary>
    public IReadOnlyList<ProductEvent> Topic
    {
        get
        {
            lock (_gate) return [.. _topic];
        }
    }

    /// <summary>The positions on the topic, each at its first appearance.</summary>
    public IEnumerable<long> FirstAppearances => Topic.Select(e => e.Position).Distinct();

    /// <summary>While it is away, what is handed over waits in the session.</summary>
    public bool Away
    {
        get => _away;
        set
        {
            lock (_gate)
            {
                _away = value;
                if (!value) foreach (var session in _sessions) session.Deliver();
            }
        }
    }

    /// <summary>Another one once the topic was made anew.</summary>
    public string TopicId { get; set; } = "first";

    /// <summary>The one topic whose ends its readers reach; null for all.</summary>
    public string? PassedTopic { get; set; }

    /// <summary>How often it was waited for at the end of a session.</summary>
    public int Flushed { get; private set; }

    /// <summary>Whether its readers keep up.</summary>
    public bool ReadersKeepUp { get; set; } = true;

    /// <summary>It takes events, and answers no question.</summary>
    public bool Silent { get; set; }

    /// <summary>Sessions that are opened now never get anything out, whatever the queue does.</summary>
    public bool OpensDeaf { get; set; }

    /// <summary>No session can be opened.</summary>
    public bool Closed { get; set; }

    /// <summary>How often it was asked about its readers.</summary>
    public int Asked { get; private set; }

    /// <summary>Every session ends; of what waited, some reaches the topic nevertheless.</summary>
    public void Break(int takenNevertheless = 0)
    {
        lock (_gate) foreach (var session in _sessions.ToArray()) session.Break(takenNevertheless);
    }

    public IPublishSession Open(Action<PublishReport> report)
    {
        if (Closed) throw new InvalidOperationException("A setting is wrong.");
        lock (_gate)
        {
            var session = new Session(this, report);
            _sessions.Add(session);
            return session;
        }
    }

    public ValueTask<TopicEnd> GetEndAsync(CancellationToken cancellation)
    {
        if (Away || Silent) throw new IOException("The queue is away.");
        lock (_gate) return ValueTask.FromResult(new TopicEnd(TopicId, new Dictionary<int, long> { [0] = _topic.Count }));
    }

    public ValueTask<bool> HasPassedAsync(TopicEnd end, CancellationToken cancellation)
    {
        Asked++;
        if (Away || Silent) throw new IOException("The queue is away.");
        return ValueTask.FromResult(ReadersKeepUp && (PassedTopic is null || PassedTopic == end.TopicId));
    }

    private sealed class Session(FakeQueue queue, Action<PublishReport> report) : IPublishSession
    {
        private readonly Queue<EventEnvelope> _waiting = new();
        private readonly bool _deaf = queue.OpensDeaf;
        private bool _ended;

        public ValueTask PublishAsync(EventEnvelope published, CancellationToken cancellation)
        {
            lock (queue._gate)
            {
                queue.Envelopes.Enqueue(published);
                if (_ended) return ValueTask.CompletedTask;
                _waiting.Enqueue(published);
                if (!queue._away) Deliver();
            }
            return ValueTask.CompletedTask;
        }

        public ValueTask FlushAsync(TimeSpan limit, CancellationToken cancellation)
        {
            queue.Flushed++;
            return ValueTask.CompletedTask;
        }

        public void Deliver()
        {
            while (!_ended && !_deaf && _waiting.TryDequeue(out var next))
            {
                if (queue.Refuses(next))
                {
                    report(new PublishReport(next.Position, PublishOutcome.Refused, "too large"));
                    continue;
                }
                queue._topic.Add(ProductEvent.Parser.ParseFrom(next.Value.Span));
                report(new PublishReport(next.Position, PublishOutcome.Acknowledged));
            }
        }

        public void Break(int takenNevertheless)
        {
            if (_ended) return;
            for (; takenNevertheless > 0 && _waiting.TryDequeue(out var taken); takenNevertheless--) queue._topic.Add(ProductEvent.Parser.ParseFrom(taken.Value.Span));
            _ended = true;
            report(new PublishReport(0, PublishOutcome.Broken, "the broker went away"));
        }

        public ValueTask DisposeAsync()
        {
            lock (queue._gate) _ended = true;
            return ValueTask.CompletedTask;
        }
    }
}
