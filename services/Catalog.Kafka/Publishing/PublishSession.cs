using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Catalog.Commands.Relaying;
using Confluent.Kafka;

namespace Catalog.Kafka.Publishing;

/// <summary>One idempotent producer. Events are handed over one after another, never two at once.</summary>
internal sealed class PublishSession : IPublishSession
{
    private readonly KafkaPublisher _publisher;
    private readonly KafkaOptions _options;
    private readonly Action<PublishReport> _report;
    private readonly IProducer<string, byte[]> _producer;
    private readonly TopicPartition _topic;
    private readonly EventHeaders _headers = new();
    private readonly Message<string, byte[]> _message = new();
    private readonly ConcurrentQueue<Ticket> _tickets = new();
    private int _inFlight;
    private long _bytes;
    private bool _alone;
    private volatile string? _fault;
    private TaskCompletionSource? _room, _idle;

    public PublishSession(KafkaPublisher publisher, KafkaClients clients, KafkaOptions options, Action<PublishReport> report)
    {
        (_publisher, _options, _report) = (publisher, options, report);
        _topic = new TopicPartition(options.Topic, Partition.Any);
        _producer = clients.Producer("publisher", OnError,
            // An event never times out: it would be skipped while later ones go out.
            ("message.timeout.ms", "0"),
            // After a batch that failed for good nothing more is written: later events would come before those of the batch.
            ("enable.gapless.guarantee", "true"),
            // The session's own bound is reached first; these are only above it.
            ("queue.buffering.max.messages", $"{2 * options.MaxInFlight + 1000}"),
            ("queue.buffering.max.kbytes", $"{2 * options.MaxInFlightBytes / 1024 + 4096}"),
            ("dotnet.producer.delivery.report.fields", "none"));
    }

    private bool HasRoom => _fault is not null || (Volatile.Read(ref _inFlight) < _options.MaxInFlight && Volatile.Read(ref _bytes) < _options.MaxInFlightBytes);

    // Who waited goes on only when half of it is free, and not with each event that leaves.
    private bool HasPlenty => _fault is not null || (Volatile.Read(ref _inFlight) <= _options.MaxInFlight / 2 && Volatile.Read(ref _bytes) <= _options.MaxInFlightBytes / 2);

    public ValueTask PublishAsync(EventEnvelope published, CancellationToken cancellation)
    {
        _alone = _publisher.IsSuspect(published);
        return !_alone && HasRoom && TryProduce(published) is Handed.Over ? ValueTask.CompletedTask : PublishSlowlyAsync(published, cancellation);
    }

    public async ValueTask FlushAsync(TimeSpan limit, CancellationToken cancellation)
    {
        try
        {
            await UntilIdleAsync(cancellation).WaitAsync(limit, cancellation);
        }
        catch (TimeoutException) { }
    }

    // Destroying the client waits for its threads.
    public async ValueTask DisposeAsync() => await Task.Run(_producer.Dispose);

    private async ValueTask PublishSlowlyAsync(EventEnvelope published, CancellationToken cancellation)
    {
        if (_alone) await UntilIdleAsync(cancellation);
        while (true)
        {
            if (!HasRoom) await UntilAsync(() => HasPlenty, ref _room).WaitAsync(cancellation);
            switch (TryProduce(published))
            {
                case Handed.Over:
                    if (_alone) await UntilIdleAsync(cancellation);
                    return;
                case Handed.QueueFull:
                    await UntilAsync(() => HasPlenty, ref _room).WaitAsync(cancellation);
                    if (Volatile.Read(ref _inFlight) == 0) await Task.Delay(10, cancellation);
                    break;
                case Handed.TooLarge:
                    // Reported behind the events before it.
                    await UntilIdleAsync(cancellation);
                    await Task.Run(() => _report(new PublishReport(published.Position, PublishOutcome.Refused,
                        $"The event has {published.Value.Length} bytes; the client takes messages of its setting message.max.bytes.")), cancellation);
                    return;
                default:
                    await UntilIdleAsync(cancellation);
                    await Task.Run(() => _report(new PublishReport(published.Position, PublishOutcome.Broken, _fault)), cancellation);
                    return;
            }
        }
    }

    private enum Handed { Over, QueueFull, TooLarge, Broken }

    private Handed TryProduce(EventEnvelope published)
    {
        if (_fault is not null) return Handed.Broken;
        if (!_tickets.TryDequeue(out var ticket)) ticket = new Ticket(this);
        ticket.Position = published.Position;
        ticket.LogId = published.LogId;
        ticket.Bytes = published.Value.Length;
        ticket.Alone = _alone;
        _message.Key = published.ProductId;
        _message.Value = MemoryMarshal.TryGetArray(published.Value, out var array) && array.Count == array.Array!.Length ? array.Array : published.Value.ToArray();
        _message.Headers = _headers.Of(published);
        Interlocked.Increment(ref _inFlight);
        Interlocked.Add(ref _bytes, ticket.Bytes);
        try
        {
            _producer.Produce(_topic, _message, ticket.Handler);
            return Handed.Over;
        }
        catch (ProduceException<string, byte[]> e)
        {
            Release(ticket);
            if (e.Error.Code == ErrorCode.Local_QueueFull) return Handed.QueueFull;
            if (e.Error.Code == ErrorCode.MsgSizeTooLarge) return Handed.TooLarge;
            _fault = e.Error.Reason;
            return Handed.Broken;
        }
    }

    private void OnReport(Ticket ticket, Error error)
    {
        var position = ticket.Position;
        if (!error.IsError) _report(new PublishReport(position, PublishOutcome.Acknowledged));
        else
        {
            var refusal = IsRefusal(error.Code);
            var refused = refusal && ticket.Alone;
            if (refusal && !refused) _publisher.Suspect(ticket.LogId, position);
            // Without this event those of the session that follow must not be written.
            _fault ??= error.Reason;
            _report(new PublishReport(position, refused ? PublishOutcome.Refused : PublishOutcome.Broken, error.Reason));
        }
        Release(ticket);
    }

    /// <summary>Errors that an event causes itself, whenever it is sent. A time that the broker does not take is that of a clock which is wrong now.</summary>
    private static bool IsRefusal(ErrorCode code) => code is
        ErrorCode.MsgSizeTooLarge or ErrorCode.RecordListTooLarge or ErrorCode.InvalidRecord or ErrorCode.InvalidMsg or ErrorCode.InvalidMsgSize or ErrorCode.PolicyViolation;

    private void OnError(Error error)
    {
        if (!error.IsFatal) return;
        _fault ??= error.Reason;
        Wake();
    }

    private void Release(Ticket ticket)
    {
        Interlocked.Add(ref _bytes, -ticket.Bytes);
        Interlocked.Decrement(ref _inFlight);
        _tickets.Enqueue(ticket);
        Wake();
    }

    private void Wake()
    {
        if (Volatile.Read(ref _room) is { } room && HasPlenty) room.TrySetResult();
        if (Volatile.Read(ref _idle) is { } idle && Volatile.Read(ref _inFlight) == 0) idle.TrySetResult();
    }

    private Task UntilIdleAsync(CancellationToken cancellation) => UntilAsync(() => Volatile.Read(ref _inFlight) == 0, ref _idle).WaitAsync(cancellation);

    private static Task UntilAsync(Func<bool> condition, ref TaskCompletionSource? place)
    {
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // A full fence: either this sees what changed, or who changed it sees this.
        Interlocked.Exchange(ref place, waiting);
        if (condition()) waiting.TrySetResult();
        return waiting.Task;
    }

    /// <summary>An event on its way. Reused, with its delegate, so that none is made for each event.</summary>
    private sealed class Ticket
    {
        public Ticket(PublishSession session) => Handler = report => session.OnReport(this, report.Error);

        public Action<DeliveryReport<string, byte[]>> Handler { get; }

        public long Position { get; set; }

        public string LogId { get; set; } = "";

        public int Bytes { get; set; }

        public bool Alone { get; set; }
    }
}
