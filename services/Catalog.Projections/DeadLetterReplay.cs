using Catalog.V1;
using Microsoft.Extensions.Logging;

namespace Catalog.Projections;

/// <summary>Tries again to put into the index what was set aside (G9). A product that has moved on since is left as it is (G3).</summary>
public sealed partial class DeadLetterReplay(IDeadLetters letters, IIndexSet indexes, ILogger<DeadLetterReplay> logger)
{
    private const int Batch = 100;

    /// <summary>Replays every dead letter once.</summary>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="stays">Told of each that has to stay: its position, and why.</param>
    /// <returns>How many are in the index now, and how many had to stay.</returns>
    /// <exception cref="IndexLostException">There is no index to write into.</exception>
    public async Task<(int Replayed, int Left)> RunAsync(CancellationToken cancellation, Action<long, string>? stays = null)
    {
        var index = await indexes.GetCurrentAsync(cancellation) ?? throw new IndexLostException("There is no index now; it is being built, with everything that can be in it.");
        var (replayed, left) = (0, 0);
        for (var after = long.MinValue; await letters.ReadAsync(after, Batch, cancellation) is { Count: > 0 } batch; after = batch[^1].Position)
            foreach (var letter in batch)
            {
                var reason = await ReplayAsync(index, letter, cancellation);
                if (reason is null)
                {
                    await letters.RemoveAsync(letter.Position, cancellation);
                    replayed++;
                }
                else
                {
                    Stays(logger, letter.Position, reason);
                    stays?.Invoke(letter.Position, reason);
                    left++;
                }
            }
        return (replayed, left);
    }

    private static async Task<string?> ReplayAsync(IIndexWriter index, DeadLetter letter, CancellationToken cancellation)
    {
        if (!EventBody.TryParse(new LoggedEvent(letter.Position, letter.Body), index.LogId, out var happened, out var fault)) return fault;
        return (await index.WriteAsync([happened.Product], cancellation)).Rejected is [var rejected] ? rejected.Reason : null;
    }

    [LoggerMessage(1, LogLevel.Warning, "The dead letter at position {Position} stays: {Reason}")]
    private static partial void Stays(ILogger logger, long position, string reason);
}
