using Catalog.V1;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace Catalog.Commands.Relaying;

/// <summary>Tries again to publish what was set aside (G9). It appears on the topic out of order; the index takes it only if the product has not moved on since (G3).</summary>
public sealed partial class DeadEventReplay(IOutbox outbox, IEventPublisher publisher, TimeProvider time, ILogger<DeadEventReplay> logger)
{
    private const int Batch = 100;

    /// <summary>Replays every dead event once.</summary>
    /// <param name="limit">How long the broker may take to answer for one.</param>
    /// <param name="cancellation">Ends it between two events.</param>
    /// <returns>How many were published, and how many had to stay.</returns>
    /// <exception cref="InvalidOperationException">The queue cannot be used now; the message says what to do.</exception>
    public async Task<(int Replayed, int Left)> RunAsync(TimeSpan limit, CancellationToken cancellation)
    {
        var logId = (await outbox.GetStateAsync(cancellation)).LogId;
        var (replayed, left) = (0, 0);
        for (var after = long.MinValue; await outbox.ReadDeadAsync(after, Batch, cancellation) is { Count: > 0 } batch; after = batch[^1].Position)
            foreach (var dead in batch)
            {
                var stored = new OutboxEvent(dead.Position, Occurred(dead), dead.TraceParent, dead.Body);
                var reason = EventEnvelope.TryCreate(stored, logId, out var envelope, out var fault) ? await PublishAsync(envelope with { IsReplay = true }, limit, cancellation) : fault;
                if (reason is null)
                {
                    await outbox.RemoveDeadAsync(dead.Position, cancellation);
                    replayed++;
                }
                else
                {
                    Stays(logger, dead.Position, reason);
                    left++;
                }
            }
        return (replayed, left);
    }

    // When it was set aside says nothing of the command.
    private static DateTimeOffset Occurred(DeadEvent dead)
    {
        try
        {
            return ProductEvent.Parser.ParseFrom(dead.Body.Span).OccurredTime?.ToDateTimeOffset() ?? dead.Time;
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidOperationException or ArgumentException)
        {
            return dead.Time;
        }
    }

    // What a broker refuses breaks its session first, and only the next one finds out for certain which event it was.
    private async Task<string?> PublishAsync(EventEnvelope envelope, TimeSpan limit, CancellationToken cancellation)
    {
        var report = await TryPublishAsync(envelope, limit, cancellation);
        if (report.Outcome == PublishOutcome.Broken) report = await TryPublishAsync(envelope, limit, cancellation);
        return report.Outcome switch
        {
            PublishOutcome.Acknowledged => null,
            PublishOutcome.Refused => report.Reason ?? "The broker refused it.",
            _ => throw new InvalidOperationException($"The queue cannot be used: {report.Reason}"),
        };
    }

    private async Task<PublishReport> TryPublishAsync(EventEnvelope envelope, TimeSpan limit, CancellationToken cancellation)
    {
        var answer = new TaskCompletionSource<PublishReport>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var session = publisher.Open(report => answer.TrySetResult(report));
        using var late = new CancellationTokenSource(limit, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            await session.PublishAsync(envelope, ended.Token);
            return await answer.Task.WaitAsync(ended.Token);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new InvalidOperationException($"The queue did not answer within {limit.TotalSeconds:0} s. See whether Kafka runs where Kafka:BootstrapServers says, and lets this process in with the settings of Kafka:Client. Nothing is lost; run it again later.", e);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The dead event at position {Position} stays: {Reason}")]
    private static partial void Stays(ILogger logger, long position, string reason);
}
