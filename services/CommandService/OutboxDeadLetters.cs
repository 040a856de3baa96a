using Catalog.Commands.Relaying;
using Catalog.Projections;

namespace Catalog.CommandService;

/// <summary>
/// What a rebuild could not write into the new index is kept with the dead events: published again by <c>replay-dead-events</c>, it comes to the projector.
/// </summary>
internal sealed class OutboxDeadLetters(IOutbox outbox) : IDeadLetters
{
    public ValueTask AddAsync(DeadLetter letter, CancellationToken cancellation) =>
        outbox.SetAsideAsync(new DeadEvent(letter.Position, null, letter.Body, letter.Reason, letter.Time), cancellation);

    public async ValueTask<IReadOnlyList<DeadLetter>> ReadAsync(long after, int limit, CancellationToken cancellation) =>
        (await outbox.ReadDeadAsync(after, limit, cancellation)).Select(d => new DeadLetter(d.Position, d.Body, d.Reason, d.Time)).ToList();

    public ValueTask RemoveAsync(long position, CancellationToken cancellation) => outbox.RemoveDeadAsync(position, cancellation);
}
