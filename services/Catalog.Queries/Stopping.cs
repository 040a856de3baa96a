namespace Catalog.Queries;

/// <summary>Fires when the process begins to shut down, so that streams, which would never end by themselves, end with a status.</summary>
/// <param name="Token">Cancelled when the shutdown begins.</param>
public sealed record Stopping(CancellationToken Token);
