using Catalog.Commands.Relaying;
using Catalog.Projections;
using Catalog.V1;

namespace Catalog.CommandService;

/// <summary>Direct sync: the writer that the standalone projector is, on the index that serves, with its place beside the relay's checkpoint.</summary>
internal sealed partial class DirectIndexSync(IEventLog log, IIndexSet indexes, IDeadLetters deadLetters, TimeProvider time, ProjectionMetrics metrics, ILoggerFactory loggers) : IDirectSync
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly ILogger _logger = loggers.CreateLogger<DirectIndexSync>();
    private readonly LogWriter _writer = new(log, deadLetters, time, metrics, loggers.CreateLogger<LogWriter>());

    public async Task RunAsync(long from, long lost, Action<long> reached, CancellationToken cancellation)
    {
        var (position, said) = (from, "");
        while (true)
        {
            try
            {
                var bounds = await log.GetBoundsAsync(cancellation);
                // An index of another log is not touched: the rebuild that follows a restore is on its way.
                if (await indexes.GetCurrentAsync(cancellation) is { } index && index.LogId == bounds.LogId)
                    await _writer.FollowAsync(new Tracked(index, position, p => reached(position = p)), cancellation, setAsideUntil: lost);
                else Say("There is no index of this event log yet.");
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // It cannot be reached, or another one took its place.
                Say(e.Message);
            }
            await Task.Delay(Pause, time, cancellation);
        }

        void Say(string reason)
        {
            if (said != reason) NotFed(_logger, position, reason);
            said = reason;
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The index is not fed with the events after position {Position}, and it is tried again: {Reason}")]
    private static partial void NotFed(ILogger logger, long position, string reason);

    /// <summary>An index whose place in the log is kept by the relay.</summary>
    private sealed class Tracked(IIndexWriter inner, long from, Action<long> reached) : IIndexWriter
    {
        public string LogId => inner.LogId;

        public ValueTask<IndexOutcome> WriteAsync(IReadOnlyList<Product> products, CancellationToken cancellation) => inner.WriteAsync(products, cancellation);

        public ValueTask<long> GetPositionAsync(CancellationToken cancellation) => ValueTask.FromResult(from);

        public ValueTask SavePositionAsync(long position, CancellationToken cancellation)
        {
            reached(position);
            return ValueTask.CompletedTask;
        }
    }
}
