namespace Catalog.Commands.Relaying;

/// <summary>Feeds the index from the event log, past the queue (G7).</summary>
public interface IDirectSync
{
    /// <summary>Writes the log into the index from a position on, until it is cancelled; tells <paramref name="reached"/> how far everything is in the index.</summary>
    /// <param name="from">Where it begins.</param>
    /// <param name="lost">Up to here the queue brings nothing again, so that what the index will never take is set aside here (G9). The rest is, when it comes by the queue.</param>
    /// <param name="reached">Told.</param>
    /// <param name="cancellation">Ends it.</param>
    Task RunAsync(long from, long lost, Action<long> reached, CancellationToken cancellation);
}
