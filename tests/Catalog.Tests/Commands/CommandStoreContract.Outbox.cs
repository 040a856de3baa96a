using Catalog.Commands.Relaying;
using Catalog.V1;

namespace Catalog.Tests.Commands;

/// <summary>What every command database must do for the relay.</summary>
public abstract partial class CommandStoreContract
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    private IOutbox Outbox => _database.Outbox;

    [Fact]
    public async Task One_relay_at_a_time_has_the_lease_and_the_next_one_a_higher_epoch()
    {
        var first = await Outbox.TryAcquireAsync("a", Long, default);
        Assert.NotNull(first);
        Assert.Null(await Outbox.TryAcquireAsync("b", Long, default));
        Assert.Null(await Outbox.TryAcquireAsync("a", Long, default));

        await Outbox.ReleaseAsync(first.Epoch, default);
        var second = await Outbox.TryAcquireAsync("b", Long, default);
        Assert.Equal(first.Epoch + 1, second?.Epoch);
    }

    [Fact]
    public async Task Of_many_relays_that_want_the_lease_at_once_one_gets_it()
    {
        var leases = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(async () => await Outbox.TryAcquireAsync($"relay {i}", Long, default))));

        Assert.Single(leases, lease => lease is not null);
    }

    [Fact]
    public async Task A_lease_that_is_not_renewed_runs_out_and_its_holder_can_change_nothing_any_more()
    {
        var hung = await Outbox.TryAcquireAsync("a", TimeSpan.FromMilliseconds(50), default);
        Assert.NotNull(hung);
        RelayLease? next = null;
        await Eventually(async () => (next = await Outbox.TryAcquireAsync("b", Long, default)) is not null);

        Assert.False(await Outbox.RenewAsync(hung.Epoch, Long, default));
        Assert.False(await Outbox.SavePublishedAsync(hung.Epoch, 7, default));
        Assert.False(await Outbox.SaveIndexedAsync(hung.Epoch, 7, DateTimeOffset.UnixEpoch, "topic", default));
        await Outbox.ReleaseAsync(hung.Epoch, default);
        Assert.Null(await Outbox.TryAcquireAsync("c", Long, default));
        var state = await Outbox.GetStateAsync(default);
        Assert.Equal((0, 0, null, null), (state.Published, state.Indexed, state.DirectSyncSince, state.TopicId));
        Assert.True(await Outbox.RenewAsync(next!.Epoch, Long, default));
    }

    [Fact]
    public async Task A_renewed_lease_does_not_run_out()
    {
        var lease = await Outbox.TryAcquireAsync("a", TimeSpan.FromMilliseconds(300), default);
        Assert.True(await Outbox.RenewAsync(lease!.Epoch, Long, default));
        // Only a clock can show this: the first duration passes.
        var until = DateTime.UtcNow.AddMilliseconds(400);
        await Eventually(() => Task.FromResult(DateTime.UtcNow > until));
        Assert.Null(await Outbox.TryAcquireAsync("b", Long, default));
    }

    [Fact]
    public async Task A_lease_that_was_restored_with_the_database_is_nobodys()
    {
        var backedUp = (await Outbox.TryAcquireAsync("a", Long, default))!;
        await _database.Log.RenewAsync(default);
        Assert.False(await Outbox.RenewAsync(backedUp.Epoch, Long, default));
        // Whoever holds it from before the restore cannot say either how far it is: that is of the lost future.
        Assert.False(await Outbox.SavePublishedAsync(backedUp.Epoch, 7, default));
        Assert.False(await Outbox.SaveIndexedAsync(backedUp.Epoch, 7, DateTimeOffset.UnixEpoch, null, default));
        var state = (await Outbox.TryAcquireAsync("b", Long, default))!.State;
        Assert.Equal((0, 0, null), (state.Published, state.Indexed, state.DirectSyncSince));
    }

    [Fact]
    public async Task The_next_relay_goes_on_where_the_one_before_was()
    {
        for (var i = 0; i < 3; i++) await Commit(TestCommands.Create($"p{i}"));
        var events = await Outbox.ReadAsync(0, 10, default);
        var first = (await Outbox.TryAcquireAsync("a", Long, default))!;
        var since = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        Assert.True(await Outbox.SavePublishedAsync(first.Epoch, events[0].Position, default));
        Assert.True(await Outbox.SaveIndexedAsync(first.Epoch, events[1].Position, since, "PBR7pTSZTgqb5-Jc0Svb4A", default));
        await Outbox.ReleaseAsync(first.Epoch, default);
        await _database.ReopenAsync();

        var state = (await Outbox.TryAcquireAsync("b", Long, default))!.State;
        Assert.Equal((events[0].Position, events[1].Position, since, "PBR7pTSZTgqb5-Jc0Svb4A"), (state.Published, state.Indexed, state.DirectSyncSince, state.TopicId));
        Assert.Equal((await _database.Log.GetBoundsAsync(default)).LogId, state.LogId);
        Assert.True(await Outbox.SaveIndexedAsync(first.Epoch + 1, events[2].Position, null, null, default));
        state = await Outbox.GetStateAsync(default);
        Assert.Equal((events[2].Position, null, null), (state.Indexed, state.DirectSyncSince, state.TopicId));
    }

    [Fact]
    public async Task The_outbox_holds_every_event_in_order_with_its_trace()
    {
        const string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        var create = TestCommands.Create("lamp");
        await Commit(new() { ProductId = create.ProductId, Request = create.Request, Decide = create.Decide, TraceParent = trace });
        for (var i = 1; i <= 4; i++) await Commit(TestCommands.Adjust("lamp", i));

        var first = await Outbox.ReadAsync(0, 2, default);
        var rest = await Outbox.ReadAsync(first[^1].Position, 100, default);

        Assert.Equal([1, 2, 3, 4, 5], first.Concat(rest).Select(e => ProductEvent.Parser.ParseFrom(e.Body.Span).Version));
        Assert.Equal([trace, null, null, null, null], first.Concat(rest).Select(e => e.TraceParent));
        Assert.All(first.Concat(rest), e => Assert.Equal(ProductEvent.Parser.ParseFrom(e.Body.Span).OccurredTime.ToDateTimeOffset(), e.Occurred));
        Assert.Empty(await Outbox.ReadAsync(rest[^1].Position, 100, default));
        Assert.Equal(rest[^1].Position, (await Outbox.GetStateAsync(default)).Head);
    }

    [Fact]
    public async Task What_was_trimmed_counts_as_published()
    {
        for (var i = 0; i < 3; i++) await Commit(TestCommands.Create($"p{i}"));
        var head = (await Outbox.GetStateAsync(default)).Head;
        await _database.TrimAsync(head);

        var state = await Outbox.GetStateAsync(default);
        Assert.Equal((head, head), (state.Published, state.Head));
    }

    [Fact]
    public async Task A_dead_event_stays_until_it_is_removed()
    {
        var time = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        await Outbox.SetAsideAsync(new DeadEvent(5, "trace", new byte[] { 1, 2 }, "too large", time), default);
        await Outbox.SetAsideAsync(new DeadEvent(3, null, new byte[] { 3 }, "first", time), default);
        await Outbox.SetAsideAsync(new DeadEvent(3, null, new byte[] { 4 }, "second", time), default);
        await _database.ReopenAsync();

        Assert.Equal(2, (await Outbox.GetStateAsync(default)).DeadEvents);
        var dead = await Outbox.ReadDeadAsync(0, 10, default);
        Assert.Equal([(3L, null, "second", time), (5L, "trace", "too large", time)], dead.Select(d => (d.Position, d.TraceParent, d.Reason, d.Time)));
        Assert.Equal([new byte[] { 4 }, [1, 2]], dead.Select(d => d.Body.ToArray()));
        await Outbox.RemoveDeadAsync(3, default);
        Assert.Equal(5, Assert.Single(await Outbox.ReadDeadAsync(0, 10, default)).Position);
    }

    private static async Task Eventually(Func<Task<bool>> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await condition()) await Task.Delay(5, deadline.Token);
    }
}
