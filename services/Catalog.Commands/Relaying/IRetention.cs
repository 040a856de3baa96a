namespace Catalog.Commands.Relaying;

/// <summary>Removes what nobody needs any more from the command database, in batches so small that no command waits noticeably: old events that every reader has passed, and old receipts.</summary>
public interface IRetention
{
    /// <summary>Removes everything that is due now.</summary>
    /// <param name="passed">The position that every reader of the log has passed.</param>
    /// <param name="cancellation">Ends it between two batches.</param>
    /// <returns>How many events and receipts were removed.</returns>
    Task<(int Events, int Receipts)> RunAsync(long passed, CancellationToken cancellation);
}
