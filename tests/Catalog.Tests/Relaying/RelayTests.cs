using Catalog.Commands;
using Catalog.Commands.Relaying;
using Catalog.V1;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using static Catalog.Tests.Relaying.RelayFixture;

namespace Catalog.Tests.Relaying;

public sealed class RelayTests : IAsyncDisposable
{
    private readonly RelayFixture _catalog = new();

    public ValueTask DisposeAsync() => _catalog.DisposeAsync();

    [Fact]
    public async Task Everything_committed_goes_out_in_order_with_its_place_in_the_log()
    {
        await _catalog.CommitAsync(3);
        await _catalog.StartAsync();
        await _catalog.CommitAsync(50);

        var positions = await _catalog.PositionsAsync();
        await Eventually(async () => await _catalog.PublishedAsync() == positions.Last());

        Assert.Equal(positions, _catalog.Queue.Topic.Select(e => e.Position));
        var logId = await _catalog.LogIdAsync();
        Assert.All(_catalog.Queue.Topic, e => Assert.Equal(logId, e.LogId));
    }

    [Fact]
    public async Task An_envelope_says_what_is_in_it()
    {
        await _catalog.StartAsync();
        await _catalog.CommitAsync(1);
        await Eventually(async () => await _catalog.PublishedAsync() > 0);

        var envelope = Assert.Single(_catalog.Queue.Envelopes);
        var happened = ProductEvent.Parser.ParseFrom(envelope.Value.Span);
        Assert.Equal((happened.EventId, "catalog.v1.product.created", ProductName.Format(envelope.ProductId)), (envelope.EventId, envelope.Type, happened.Name));
        Assert.Equal((happened.LogId, happened.Position, happened.OccurredTime.ToDateTimeOffset()), (envelope.LogId, envelope.Position, envelope.Occurred));
    }

    [Fact]
    public async Task A_queue_that_breaks_off_gets_everything_again_from_the_first_event_that_it_did_not_answer_for()
    {
        _catalog.Queue.Away = true;
        await _catalog.StartAsync();
        await _catalog.CommitAsync(10);
        await Eventually(() => Task.FromResult(_catalog.Queue.Envelopes.Count == 10));
        _catalog.Queue.Break(takenNevertheless: 4);
        _catalog.Queue.Away = false;

        var positions = await _catalog.PositionsAsync();
        await Eventually(async () => await _catalog.PublishedAsync() == positions.Last());
        Assert.Equal(positions, _catalog.Queue.FirstAppearances);
        Assert.Equal(14, _catalog.Queue.Topic.Count);
    }

    [Fact]
    public async Task A_session_that_gets_nothing_out_while_the_queue_answers_is_given_up_for_another()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        (_catalog.Time, _catalog.Options.LeaseDuration) = (time, TimeSpan.FromHours(1));
        _catalog.Queue.OpensDeaf = true;
        await _catalog.CommitAsync(5);
        await _catalog.StartAsync();
        await Eventually(() => Task.FromResult(_catalog.Queue.Envelopes.Count == 5));
        _catalog.Queue.OpensDeaf = false;

        // While it does not answer, there is nobody to send to.
        _catalog.Queue.Silent = true;
        await PassAsync(() => time.GetUtcNow() > DateTimeOffset.UtcNow + TimeSpan.FromMinutes(10));
        Assert.Equal(1, _catalog.Queue.Opened);
        _catalog.Queue.Silent = false;

        var positions = await _catalog.PositionsAsync();
        await PassAsync(() => _catalog.Queue.Opened > 1 && _catalog.Queue.Topic.Count == 5);
        Assert.Equal(positions, _catalog.Queue.Topic.Select(e => e.Position));
        await PassAsync(() => _catalog.PublishedAsync().GetAwaiter().GetResult() == positions.Last());
        Assert.Equal(2, _catalog.Queue.Opened);

        Task PassAsync(Func<bool> condition) => Eventually(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(condition());
        });
    }

    [Fact]
    public async Task The_checkpoint_never_passes_what_was_not_acknowledged()
    {
        _catalog.Queue.Away = true;
        await _catalog.CommitAsync(5);
        var relay = await _catalog.StartAsync();
        await Eventually(() => Task.FromResult(_catalog.Queue.Envelopes.Count == 5));

        await relay.StopAsync(default);

        Assert.Equal(0, await _catalog.PublishedAsync());
    }

    [Fact]
    public async Task An_event_that_is_refused_for_good_is_set_aside_and_the_others_go_on()
    {
        await _catalog.CommitAsync(5);
        var third = (await _catalog.PositionsAsync()).ElementAt(2);
        _catalog.Queue.Refuses = e => e.Position == third;
        await _catalog.StartAsync();

        await Eventually(async () => await _catalog.PublishedAsync() == (await _catalog.PositionsAsync()).Last());
        var dead = Assert.Single(await _catalog.Outbox.ReadDeadAsync(0, 10, default));
        Assert.Equal((third, "too large"), (dead.Position, dead.Reason));
        Assert.Equal(4, _catalog.Queue.Topic.Count);
    }

    [Fact]
    public async Task An_event_that_cannot_be_read_is_set_aside_and_the_others_go_on()
    {
        await _catalog.CommitAsync(3);
        var second = (await _catalog.PositionsAsync()).ElementAt(1);
        await _catalog.Database.RunAsync(connection => connection.Execute("UPDATE events SET body = x'ffff' WHERE position = $second", new { second }));
        await _catalog.StartAsync();

        await Eventually(async () => await _catalog.PublishedAsync() == (await _catalog.PositionsAsync()).Last());
        Assert.Contains("cannot be read", Assert.Single(await _catalog.Outbox.ReadDeadAsync(0, 10, default)).Reason);
        Assert.Equal(2, _catalog.Queue.Topic.Count);
    }

    [Fact]
    public async Task Of_two_relays_one_publishes_and_when_it_stops_the_other_goes_on_at_once()
    {
        _catalog.Options.LeaseDuration = TimeSpan.FromMinutes(1);
        var first = await _catalog.StartAsync();
        await Eventually(async () => await first.GetStatusAsync(default) is not null);
        var second = await _catalog.StartAsync();
        await _catalog.CommitAsync(20);
        await Eventually(async () => await _catalog.PublishedAsync() == (await _catalog.PositionsAsync()).Last());
        Assert.Null(await second.GetStatusAsync(default));

        await first.StopAsync(default);
        await _catalog.CommitAsync(20);

        await Eventually(async () => await _catalog.PublishedAsync() == (await _catalog.PositionsAsync()).Last());
        Assert.Equal(await _catalog.PositionsAsync(), _catalog.Queue.Topic.Select(e => e.Position));
        Assert.NotNull(await second.GetStatusAsync(default));
    }

    [Fact]
    public async Task A_relay_that_hangs_loses_the_lease_and_what_it_still_sends_moves_nothing()
    {
        var hanging = new HangingOutbox(_catalog.Outbox);
        var first = await _catalog.StartAsync(hanging);
        await Eventually(async () => await first.GetStatusAsync(default) is not null);
        hanging.Hang();
        var second = await _catalog.StartAsync();
        await _catalog.CommitAsync(20);
        await Eventually(async () => await second.GetStatusAsync(default) is not null);
        await Eventually(async () => await _catalog.PublishedAsync() == (await _catalog.PositionsAsync()).Last());
        var published = await _catalog.PublishedAsync();

        hanging.GoOn();

        await Eventually(async () => await first.GetStatusAsync(default) is null);
        Assert.Equal(published, await _catalog.PublishedAsync());
        Assert.NotNull(await second.GetStatusAsync(default));
        Assert.Equal(await _catalog.PositionsAsync(), _catalog.Queue.FirstAppearances);
    }

    [Fact]
    public async Task What_is_on_its_way_goes_on_while_the_command_database_cannot_be_read_for_a_moment()
    {
        var outbox = new HangingOutbox(_catalog.Outbox);
        _catalog.Queue.Away = true;
        await _catalog.StartAsync(outbox);
        await _catalog.CommitAsync(3);
        await Eventually(() => Task.FromResult(_catalog.Queue.Envelopes.Count == 3));
        outbox.FailuresLeft = 1;
        await _catalog.CommitAsync(1);
        await Eventually(() => Task.FromResult(_catalog.Queue.Envelopes.Count == 4));
        _catalog.Queue.Away = false;
        await Eventually(async () => await _catalog.PublishedAsync() == (await _catalog.PositionsAsync()).Last());
        Assert.Equal((1, 0, 4), (_catalog.Queue.Opened, outbox.FailuresLeft, _catalog.Queue.Topic.Count));
    }

    [Fact]
    public async Task A_queue_that_no_session_can_be_opened_to_is_passed_by_too_and_seen_to_be_away()
    {
        _catalog.Options.FallbackAfter = TimeSpan.FromMilliseconds(200);
        _catalog.Queue.Closed = true;
        var relay = await _catalog.StartAsync();
        await _catalog.CommitAsync(10);
        await Eventually(async () => _catalog.DirectSync.Position == (await _catalog.PositionsAsync()).Last());
        await Eventually(async () => await relay.GetStatusAsync(default) is { DirectSync: true });

        _catalog.Queue.Closed = false;
        await Eventually(async () => await relay.GetStatusAsync(default) is { DirectSync: false });
        Assert.Equal(await _catalog.PositionsAsync(), _catalog.Queue.FirstAppearances);
    }

    [Fact]
    public async Task Dead_events_that_a_queue_which_is_away_does_not_answer_for_are_not_waited_for_without_end()
    {
        await _catalog.CommitAsync(1);
        var happened = Assert.Single(await _catalog.Outbox.ReadAsync(0, 10, default));
        await _catalog.Outbox.SetAsideAsync(new DeadEvent(happened.Position, null, happened.Body, "a test", DateTimeOffset.UtcNow), default);
        var replay = new DeadEventReplay(_catalog.Outbox, new HangingQueue(), TimeProvider.System, NullLogger<DeadEventReplay>.Instance);
        var failed = await Assert.ThrowsAsync<InvalidOperationException>(() => replay.RunAsync(TimeSpan.FromMilliseconds(100), default).WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Contains("did not answer", failed.Message, StringComparison.Ordinal);
        Assert.Single(await _catalog.Outbox.ReadDeadAsync(0, 10, default));
    }

    [Fact]
    public async Task What_is_published_again_says_when_its_command_was_decided()
    {
        await _catalog.CommitAsync(1);
        var happened = Assert.Single(await _catalog.Outbox.ReadAsync(0, 10, default));
        await _catalog.Outbox.SetAsideAsync(new DeadEvent(happened.Position, null, happened.Body, "a test", happened.Occurred.AddDays(1)), default);
        var replay = new DeadEventReplay(_catalog.Outbox, _catalog.Queue, TimeProvider.System, NullLogger<DeadEventReplay>.Instance);
        Assert.Equal((1, 0), await replay.RunAsync(TimeSpan.FromSeconds(20), default));
        Assert.Equal((happened.Occurred, true), _catalog.Queue.Envelopes.Select(e => (e.Occurred, e.IsReplay)).Single());
    }

    /// <summary>A queue that takes an event only once it has answered for it, and does not.</summary>
    private sealed class HangingQueue : IEventPublisher, IPublishSession
    {
        public IPublishSession Open(Action<PublishReport> report) => this;

        public async ValueTask PublishAsync(EventEnvelope published, CancellationToken cancellation) => await Task.Delay(Timeout.Infinite, cancellation);

        public ValueTask FlushAsync(TimeSpan limit, CancellationToken cancellation) => ValueTask.CompletedTask;

        public ValueTask<TopicEnd> GetEndAsync(CancellationToken cancellation) => throw new NotSupportedException();

        public ValueTask<bool> HasPassedAsync(TopicEnd end, CancellationToken cancellation) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_queue_that_stays_away_is_passed_by_until_it_and_its_readers_have_caught_up()
    {
        _catalog.Options.FallbackAfter = TimeSpan.FromMilliseconds(200);
        (_catalog.Queue.Away, _catalog.Queue.ReadersKeepUp) = (true, false);
        var relay = await _catalog.StartAsync();
        await _catalog.CommitAsync(10);
        await Eventually(async () => _catalog.DirectSync.Position == (await _catalog.PositionsAsync()).Last());
        await Eventually(async () => await relay.GetStatusAsync(default) is { DirectSync: true, Backlog: 0 });
        Assert.Equal(0, _catalog.DirectSync.From);
        Assert.Equal(0, await _catalog.PublishedAsync());

        _catalog.Queue.Away = false;
        await Eventually(async () => await _catalog.PublishedAsync() == (await _catalog.PositionsAsync()).Last());
        // Everything is published, but its readers are behind: reads would wait for them.
        await _catalog.CommitAsync(1);
        await Eventually(async () => _catalog.DirectSync.Position == (await _catalog.PositionsAsync()).Last());
        Assert.True((await relay.GetStatusAsync(default))!.DirectSync);

        _catalog.Queue.ReadersKeepUp = true;
        await Eventually(async () => await relay.GetStatusAsync(default) is { DirectSync: false });
        Assert.Null((await _catalog.Outbox.GetStateAsync(default)).DirectSyncSince);
        Assert.Equal(await _catalog.PositionsAsync(), _catalog.Queue.FirstAppearances);
    }

    [Fact]
    public async Task What_the_queue_took_and_its_readers_did_not_is_passed_by_too_from_where_they_were_last_seen()
    {
        _catalog.Options.FallbackAfter = TimeSpan.FromSeconds(1);
        var (relay, seen) = await StartWithReadersBehindAsync();
        _catalog.Queue.Silent = true;

        await Eventually(async () => _catalog.DirectSync.Position == (await _catalog.PositionsAsync()).Last());
        Assert.Equal(seen, _catalog.DirectSync.From);
        Assert.True((await relay.GetStatusAsync(default))!.DirectSync);
        (_catalog.Queue.Silent, _catalog.Queue.ReadersKeepUp) = (false, true);
        await Eventually(async () => await relay.GetStatusAsync(default) is { DirectSync: false });
    }

    [Fact]
    public async Task What_a_topic_took_that_was_made_anew_is_written_from_the_log()
    {
        var (relay, seen) = await StartWithReadersBehindAsync();
        // Nothing is in the new one, and its readers have all of that.
        (_catalog.Queue.TopicId, _catalog.Queue.ReadersKeepUp) = ("second", true);

        await Eventually(async () => _catalog.DirectSync.Position == (await _catalog.PositionsAsync()).Last());
        Assert.Equal((1, seen, _catalog.DirectSync.Position), (_catalog.DirectSync.Runs, _catalog.DirectSync.From, _catalog.DirectSync.Lost));
        await Eventually(async () => await relay.GetStatusAsync(default) is { DirectSync: false });
        await _catalog.CommitAsync(1);
        await Eventually(async () => (await _catalog.Outbox.GetStateAsync(default)).Indexed == (await _catalog.PositionsAsync()).Last());
        Assert.Equal(1, _catalog.DirectSync.Runs);
    }

    [Fact]
    public async Task A_topic_that_was_made_anew_while_no_relay_ran_is_noticed_too()
    {
        var (relay, seen) = await StartWithReadersBehindAsync();
        await relay.StopAsync(default);
        (_catalog.Queue.TopicId, _catalog.Queue.ReadersKeepUp) = ("second", true);

        await _catalog.StartAsync();
        await Eventually(async () => _catalog.DirectSync.Position == (await _catalog.PositionsAsync()).Last());
        Assert.Equal((1, seen, _catalog.DirectSync.Position), (_catalog.DirectSync.Runs, _catalog.DirectSync.From, _catalog.DirectSync.Lost));
        await Eventually(async () => await _catalog.Outbox.GetStateAsync(default) is { DirectSyncSince: null, TopicId: "second" });
    }

    [Fact]
    public async Task The_topic_is_known_before_its_readers_have_anything()
    {
        _catalog.Queue.ReadersKeepUp = false;
        await _catalog.StartAsync();
        await _catalog.CommitAsync(1);
        await Eventually(async () => await _catalog.Outbox.GetStateAsync(default) is { Indexed: 0, TopicId: "first" });
    }

    [Fact]
    public async Task The_end_of_direct_sync_is_looked_for_anew_where_readers_do_not_reach_what_the_topic_held()
    {
        _catalog.Options.FallbackAfter = TimeSpan.FromMilliseconds(200);
        (_catalog.Queue.Away, _catalog.Queue.ReadersKeepUp) = (true, false);
        var relay = await _catalog.StartAsync();
        await _catalog.CommitAsync(1);
        await Eventually(async () => await relay.GetStatusAsync(default) is { DirectSync: true });
        (_catalog.Queue.TopicId, _catalog.Queue.Away) = ("second", false);
        await Eventually(() => Task.FromResult(_catalog.Queue.Asked > 0));
        // Another one now, whose end they have passed; the offsets of the one before they never reach.
        (_catalog.Queue.PassedTopic, _catalog.Queue.TopicId, _catalog.Queue.ReadersKeepUp) = ("third", "third", true);
        await Eventually(async () => await relay.GetStatusAsync(default) is { DirectSync: false });
    }

    [Fact]
    public async Task What_an_open_transaction_holds_back_is_told()
    {
        var relay = await _catalog.StartAsync(new HangingOutbox(_catalog.Outbox) { HeldSince = DateTimeOffset.UtcNow.AddMinutes(-1) });
        await Eventually(async () => await relay.GetStatusAsync(default) is { Backlog: 1, Oldest: { } oldest } && DateTimeOffset.UtcNow - oldest > TimeSpan.FromSeconds(59));
    }

    [Fact]
    public async Task Who_hands_the_lease_over_waits_only_for_a_queue_that_answers()
    {
        var first = await _catalog.StartAsync();
        await _catalog.CommitAsync(1);
        await Eventually(async () => await _catalog.PublishedAsync() > 0);
        await first.StopAsync(default);
        Assert.Equal(1, _catalog.Queue.Flushed);

        _catalog.Queue.Away = true;
        var second = await _catalog.StartAsync();
        await _catalog.CommitAsync(1);
        await Eventually(async () => await second.GetStatusAsync(default) is { Oldest: { } oldest } && DateTimeOffset.UtcNow - oldest > TimeSpan.FromSeconds(1.1));
        await second.StopAsync(default);
        Assert.Equal(1, _catalog.Queue.Flushed);
    }

    [Fact]
    public async Task Readers_that_are_slow_while_the_queue_answers_are_waited_for()
    {
        _catalog.Options.FallbackAfter = TimeSpan.FromSeconds(1);
        _catalog.Queue.ReadersKeepUp = false;
        var relay = await _catalog.StartAsync();
        await _catalog.CommitAsync(5);
        var asked = _catalog.Queue.Asked;
        // Longer than it waits for the queue.
        await Eventually(() => Task.FromResult(_catalog.Queue.Asked > asked + 4));
        Assert.False((await relay.GetStatusAsync(default))!.DirectSync);

        _catalog.Queue.ReadersKeepUp = true;
        await Eventually(async () => (await _catalog.Outbox.GetStateAsync(default)).Indexed == (await _catalog.PositionsAsync()).Last());
        Assert.Equal(0, _catalog.DirectSync.Runs);
    }

    [Fact]
    public async Task Direct_sync_goes_on_in_the_next_relay_where_it_was()
    {
        _catalog.Options.FallbackAfter = TimeSpan.FromMilliseconds(200);
        _catalog.Queue.Away = true;
        var first = await _catalog.StartAsync();
        await _catalog.CommitAsync(10);
        await Eventually(async () => (await _catalog.Outbox.GetStateAsync(default)).Indexed == (await _catalog.PositionsAsync()).Last());
        await first.StopAsync(default);
        var reached = _catalog.DirectSync.Position;

        await _catalog.StartAsync();
        await _catalog.CommitAsync(1);

        await Eventually(() => Task.FromResult(_catalog.DirectSync is { Runs: 2 } sync && sync.Position > reached));
        Assert.Equal(reached, _catalog.DirectSync.From);
    }

    [Fact]
    public async Task After_a_restore_events_go_out_under_the_new_id_of_the_log()
    {
        await _catalog.StartAsync();
        await _catalog.CommitAsync(1);
        await _catalog.Database.Log.RenewAsync(default);
        await _catalog.CommitAsync(1);

        // What was not noted as published before the restore goes out once more.
        var last = (await _catalog.PositionsAsync()).Last();
        await Eventually(() => Task.FromResult(_catalog.Queue.Topic is [.., var newest] && newest.Position == last));
        Assert.Equal(await _catalog.LogIdAsync(), _catalog.Queue.Topic[^1].LogId);
    }

    [Fact]
    public async Task What_was_read_while_the_database_was_restored_does_not_go_out_under_the_new_id_of_the_log()
    {
        await _catalog.CommitAsync(2);
        var restored = false;
        var outbox = new HangingOutbox(_catalog.Outbox)
        {
            // The lost future had one event more.
            BetweenReads = async events =>
            {
                if (restored) return events;
                restored = true;
                await _catalog.Database.Log.RenewAsync(default);
                return [.. events, events[^1] with { Position = events[^1].Position + 1 }];
            },
        };
        await _catalog.StartAsync(outbox);

        await Eventually(async () => await _catalog.PublishedAsync() == (await _catalog.PositionsAsync()).Last());
        Assert.Equal(await _catalog.PositionsAsync(), _catalog.Queue.Topic.Select(e => e.Position));
        var logId = await _catalog.LogIdAsync();
        Assert.All(_catalog.Queue.Topic, e => Assert.Equal(logId, e.LogId));
    }

    [Fact]
    public async Task An_event_of_a_clock_that_is_ahead_keeps_nobody_waiting_for_a_queue_that_is_away()
    {
        _catalog.Options.FallbackAfter = TimeSpan.FromSeconds(1);
        _catalog.Queue.Away = true;
        var relay = await _catalog.StartAsync();
        await _catalog.CommitAsync(1, ahead: TimeSpan.FromHours(1));
        await Eventually(async () => await relay.GetStatusAsync(default) is { DirectSync: true });
    }

    [Fact]
    public async Task A_lease_whose_holder_cannot_begin_is_given_back()
    {
        var epoch = (await _catalog.Outbox.TryAcquireAsync("first", TimeSpan.FromMinutes(5), default))!.Epoch;
        var outbox = new HangingOutbox(_catalog.Outbox) { StateFails = true };
        await Assert.ThrowsAsync<CommandStoreException>(async () => await RelayLease.BeginAsync(outbox, epoch, default));
        Assert.NotNull(await _catalog.Outbox.TryAcquireAsync("second", TimeSpan.FromMinutes(5), default));
    }

    /// <summary>The queue has taken everything, and its readers were last seen at a place before its end.</summary>
    private async Task<(Relay Relay, long Seen)> StartWithReadersBehindAsync()
    {
        var relay = await _catalog.StartAsync();
        await _catalog.CommitAsync(5);
        var seen = (await _catalog.PositionsAsync()).Last();
        await Eventually(async () => (await _catalog.Outbox.GetStateAsync(default)).Indexed == seen);

        _catalog.Queue.ReadersKeepUp = false;
        await _catalog.CommitAsync(5);
        await Eventually(async () => await _catalog.PublishedAsync() == (await _catalog.PositionsAsync()).Last());
        return (relay, seen);
    }

    /// <summary>An outbox whose relay can be made to hang, as a stopped process does.</summary>
    private sealed class HangingOutbox(IOutbox inner) : IOutbox
    {
        private volatile TaskCompletionSource _going = Going();

        public void Hang() => _going = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void GoOn() => _going.SetResult();

        public int FailuresLeft { get; set; }

        private static TaskCompletionSource Going()
        {
            var going = new TaskCompletionSource();
            going.SetResult();
            return going;
        }

        private async ValueTask<T> When<T>(Func<ValueTask<T>> call)
        {
            await _going.Task;
            return await call();
        }

        public ValueTask<RelayLease?> TryAcquireAsync(string owner, TimeSpan duration, CancellationToken cancellation) => When(() => inner.TryAcquireAsync(owner, duration, cancellation));

        public ValueTask<bool> RenewAsync(long epoch, TimeSpan duration, CancellationToken cancellation) => When(() => inner.RenewAsync(epoch, duration, cancellation));

        public ValueTask ReleaseAsync(long epoch, CancellationToken cancellation) => inner.ReleaseAsync(epoch, cancellation);

        public bool StateFails { get; init; }

        public DateTimeOffset? HeldSince { get; init; }

        public async ValueTask<OutboxState> GetStateAsync(CancellationToken cancellation) =>
            StateFails ? throw new CommandStoreException(ErrorReason.StoreUnavailable, "It is away.") : await inner.GetStateAsync(cancellation) with { HeldSince = HeldSince };

        /// <summary>Happens after events are read, and may change them.</summary>
        public Func<IReadOnlyList<OutboxEvent>, Task<IReadOnlyList<OutboxEvent>>> BetweenReads { get; init; } = Task.FromResult;

        public async ValueTask<IReadOnlyList<OutboxEvent>> ReadAsync(long after, int limit, CancellationToken cancellation) => FailuresLeft > 0 && FailuresLeft-- > 0
            ? throw new CommandStoreException(ErrorReason.StoreUnavailable, "It is away.")
            : await BetweenReads(await inner.ReadAsync(after, limit, cancellation));

        public Task WaitAsync(long after, CancellationToken cancellation) => inner.WaitAsync(after, cancellation);

        public ValueTask<bool> SavePublishedAsync(long epoch, long published, CancellationToken cancellation) => When(() => inner.SavePublishedAsync(epoch, published, cancellation));

        public ValueTask<bool> SaveIndexedAsync(long epoch, long indexed, DateTimeOffset? directSyncSince, string? topicId, CancellationToken cancellation) =>
            When(() => inner.SaveIndexedAsync(epoch, indexed, directSyncSince, topicId, cancellation));

        public ValueTask SetAsideAsync(DeadEvent dead, CancellationToken cancellation) => inner.SetAsideAsync(dead, cancellation);

        public ValueTask<IReadOnlyList<DeadEvent>> ReadDeadAsync(long after, int limit, CancellationToken cancellation) => inner.ReadDeadAsync(after, limit, cancellation);

        public ValueTask RemoveDeadAsync(long position, CancellationToken cancellation) => inner.RemoveDeadAsync(position, cancellation);
    }
}
