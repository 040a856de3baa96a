namespace Catalog.Commands.Relaying;

/// <summary>Feeds the index from the event log, past the queue (G7).</summary>
public interface IDirectSync
{
    /// <summary>Writes the log into the index from a position on, until it is cancelled; tells <paramref name="reached"/> how far everything is in the index.</summary>
    Task RunAsync(long from, Action<long> reached, CancellationToken cancellation);
}
