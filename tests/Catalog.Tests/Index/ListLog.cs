using Catalog.Projections;

namespace Catalog.Tests.Index;

/// <summary>An event log in memory.</summary>
internal sealed class ListLog(string logId) : IEventLog
{
    public List<LoggedEvent> Events { get; } = [];

    public ValueTask<LogBounds> GetBoundsAsync(CancellationToken cancellation) => new(new LogBounds(logId, 0, Events.Count == 0 ? 0 : Events[^1].Position));

    public ValueTask<IReadOnlyList<LoggedEvent>> ReadAsync(long after, int limit, CancellationToken cancellation) =>
        new([.. Events.Where(logged => logged.Position > after).Take(limit)]);

    public Task RenewAsync(CancellationToken cancellation) => throw new NotSupportedException();

    public Task WaitAsync(long after, CancellationToken cancellation) => Task.Delay(Timeout.Infinite, cancellation);
}
