using Catalog.Commands;
using Catalog.Projections;
using Catalog.Queries;
using Catalog.Sqlite;
using Catalog.Tests.Commands;
using Catalog.V1;
using Microsoft.Extensions.Time.Testing;

namespace Catalog.Tests.Projections;

public sealed class ProjectionTests : IAsyncLifetime
{
    private readonly ProjectionFixture _it = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _it.DisposeAsync();

    [Fact]
    public async Task Every_event_reaches_the_index_as_it_is_committed()
    {
        await _it.Commit(TestCommands.Create("before"));
        using var projection = _it.Projection;
        await projection.StartAsync(default);
        for (var i = 0; i < 20; i++)
        {
            await _it.Commit(TestCommands.Create($"p{i}"));
            await _it.Commit(TestCommands.Activate($"p{i}"));
        }
        await Eventually(async () => (await VersionsOrNone([.. Enumerable.Range(0, 20).Select(i => $"p{i}"), "before"])).Sum() == 41);
        await projection.StopAsync(default);
    }

    [Fact]
    public async Task An_index_that_is_away_gets_everything_once_it_is_back()
    {
        var index = await _it.BuildAsync();
        await _it.Commit(TestCommands.Create("lamp"));
        await _it.Commit(TestCommands.Create("chair"));
        _it.Set.FailuresLeft = 3;
        await _it.CatchUpAsync(index);
        Assert.Equal([1, 1], await _it.VersionsAsync("lamp", "chair"));
    }

    [Fact]
    public async Task An_event_that_cannot_be_read_is_set_aside_with_the_reason_and_everything_else_flows_on()
    {
        var index = await _it.BuildAsync();
        await _it.Commit(TestCommands.Create("lamp"));
        await _it.Commit(TestCommands.Create("chair"));
        await _it.Commit(TestCommands.Create("table"));
        _it.Tamper("UPDATE events SET body = x'ffffff' WHERE position = 2");
        await _it.CatchUpAsync(index);

        Assert.Equal([1, 0, 1], await _it.VersionsAsync("lamp", "chair", "table"));
        var letter = Assert.Single(await _it.Indexes.ReadAsync(0, 10, default));
        Assert.Equal(2, letter.Position);
        Assert.Contains("cannot be read", letter.Reason);
        Assert.Equal(1, (await _it.Indexes.GetStatusAsync(default)).DeadLetters);
        Assert.Equal((0, 1), await _it.Replay.RunAsync(default));

        // The next event of the same product heals it.
        await _it.Commit(TestCommands.Activate("chair"));
        await _it.CatchUpAsync(index);
        Assert.Equal([2], await _it.VersionsAsync("chair"));
    }

    [Fact]
    public async Task A_product_that_the_index_refuses_is_set_aside_and_replayed_with_one_command()
    {
        var index = await _it.BuildAsync();
        _it.Set.Reject = p => p.Sku == "lamp" ? "It shines too brightly." : null;
        await _it.Commit(TestCommands.Create("lamp"));
        await _it.Commit(TestCommands.Create("chair"));
        await _it.CatchUpAsync(index);
        Assert.Equal([0, 1], await _it.VersionsAsync("lamp", "chair"));
        Assert.Equal("It shines too brightly.", Assert.Single(await _it.Indexes.ReadAsync(0, 10, default)).Reason);

        Assert.Equal((0, 1), await _it.Replay.RunAsync(default));
        _it.Set.Reject = _ => null;
        Assert.Equal((1, 0), await _it.Replay.RunAsync(default));
        Assert.Equal([1, 1], await _it.VersionsAsync("lamp", "chair"));
        Assert.Empty(await _it.Indexes.ReadAsync(0, 10, default));
    }

    [Fact]
    public async Task A_dead_letter_that_is_replayed_late_takes_nothing_back()
    {
        var index = await _it.BuildAsync();
        _it.Set.Reject = p => p.Version == 1 ? "not yet" : null;
        await _it.Commit(TestCommands.Create("lamp"));
        await _it.CatchUpAsync(index);
        await _it.Commit(TestCommands.Delete("lamp"));
        await _it.CatchUpAsync(index);
        _it.Set.Reject = _ => null;

        Assert.Equal((1, 0), await _it.Replay.RunAsync(default));
        Assert.Equal([2], await _it.VersionsAsync("lamp"));
        using var reader = await _it.Indexes.OpenAsync(default);
        Assert.Equal([null], await reader.GetAsync(["lamp"], default));
    }

    [Fact]
    public async Task A_watch_begins_where_the_index_is_and_not_where_the_log_ends()
    {
        var feed = new SqliteChangeFeed(_it.Database.Log, _it.Indexes);
        Assert.Equal(ErrorReason.IndexRebuilding, (await Assert.ThrowsAsync<IndexUnavailableException>(async () => await feed.GetIndexedAsync(default))).Reason);
        await _it.Commit(TestCommands.Create("lamp"));
        await _it.BuildAsync();
        await _it.Commit(TestCommands.Create("chair"));

        await foreach (var batch in feed.ReadAsync(await feed.GetIndexedAsync(default), TimeSpan.FromSeconds(30), default))
        {
            Assert.Equal("products/chair", Assert.Single(batch.Events).Name);
            break;
        }
    }

    [Fact]
    public async Task A_watch_that_is_behind_reads_little_at_a_time()
    {
        await _it.BuildAsync();
        var feed = new SqliteChangeFeed(_it.Database.Log, _it.Indexes);
        var start = await feed.GetIndexedAsync(default);
        for (var i = 0; i < 20; i++)
            await _it.Commit(TestCommands.Of($"p{i}", new CreateProductRequest { ProductId = $"p{i}", Product = new Product { Sku = $"p{i}", Title = "lamp", Description = new string('x', 60_000) } }));

        List<string> seen = [];
        await foreach (var batch in feed.ReadAsync(start, TimeSpan.FromSeconds(30), default))
        {
            Assert.InRange(batch.Events.Sum(e => e.CalculateSize()), 1, (256 * 1024) + 61_000);
            seen.AddRange(batch.Events.Select(e => e.Name));
            if (seen.Count == 20) break;
        }
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"products/p{i}"), seen);
    }

    [Fact]
    public async Task A_rebuild_misses_no_write_that_is_made_meanwhile()
    {
        for (var i = 0; i < 10; i++) await _it.Commit(TestCommands.Create($"p{i}"));
        var page = 0;
        _it.States.BeforePage = async () =>
        {
            if (page == 4) return;
            // Behind and before the place where the rebuild reads.
            await _it.Commit(TestCommands.Adjust("p0", 1));
            await _it.Commit(TestCommands.Create($"new{page++}"));
            if (page == 2) await _it.Commit(TestCommands.Delete("p9"));
        };
        await _it.BuildAsync();

        Assert.Equal(4, page);
        Assert.Equal([1 + page, 2], await _it.VersionsAsync("p0", "p9"));
        Assert.All(await _it.VersionsAsync(Enumerable.Range(0, page).Select(i => $"new{i}").ToArray()), v => Assert.Equal(1, v));
        Assert.Equal((0, 0), (await _it.Indexes.GetStatusAsync(default)) is var s ? (s.LagEvents, s.DeadLetters) : default);
    }

    [Fact]
    public async Task A_rebuild_goes_on_after_an_index_that_was_away_for_a_moment()
    {
        await _it.Commit(TestCommands.Create("lamp"));
        _it.Set.FailuresLeft = 2;
        await _it.BuildAsync();
        Assert.Equal([1], await _it.VersionsAsync("lamp"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_rebuild_whose_index_is_gone_ends(int page)
    {
        await _it.Commit(TestCommands.Create("lamp"));
        var pages = 0;
        _it.States.BeforePage = async () =>
        {
            if (++pages != page) return;
            // While the products are written, or while it catches up.
            await _it.Commit(TestCommands.Create("chair"));
            await _it.Indexes.CreateAsync("log", default);
        };
        await Assert.ThrowsAsync<IndexLostException>(_it.BuildAsync);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(int.MaxValue)]
    public async Task A_rebuild_starts_over_where_the_log_was_trimmed_beyond_its_position(int times)
    {
        // Pages hold three: the lamp is in the new index when it changes.
        foreach (var id in (string[])["lamp", "chair", "table", "shelf"]) await _it.Commit(TestCommands.Create(id));
        var version = 1L;
        var pages = 0;
        _it.States.BeforePage = async () =>
        {
            if (pages++ % 3 != 1 || version > times) return;
            version = (await _it.Commit(TestCommands.Adjust("lamp", 1))).Version;
            await _it.Commit(TestCommands.Adjust("chair", 1));
            await new Retention(_it.Database, new FakeTimeProvider(DateTimeOffset.UtcNow.AddYears(1))).RunAsync((await _it.Database.Log.GetBoundsAsync(default)).Head, default);
        };
        if (times == 1)
        {
            await _it.BuildAsync();
            Assert.Equal([2, 2, 1, 1], await _it.VersionsAsync("lamp", "chair", "table", "shelf"));
            return;
        }
        var failed = await Assert.ThrowsAsync<LogTrimmedException>(_it.BuildAsync);
        Assert.Contains("CommandDatabase:EventRetention", failed.Message, StringComparison.Ordinal);
        Assert.Equal(4, version);
    }

    [Fact]
    public async Task A_rebuild_starts_over_where_the_database_was_restored_meanwhile()
    {
        foreach (var id in (string[])["lamp", "chair", "table", "shelf"]) await _it.Commit(TestCommands.Create(id));
        var pages = 0;
        _it.States.BeforePage = async () =>
        {
            if (pages++ == 1) await _it.Database.Log.RenewAsync(default);
        };
        await _it.BuildAsync();
        using var reader = await _it.Indexes.OpenAsync(default);
        Assert.Equal((await _it.Database.Log.GetBoundsAsync(default)).LogId, reader.LogId);
        Assert.Equal([1, 1, 1, 1], await _it.VersionsAsync("lamp", "chair", "table", "shelf"));
    }

    [Fact]
    public async Task A_rebuild_that_cannot_write_a_product_leaves_the_old_index_serving()
    {
        await _it.Commit(TestCommands.Create("lamp"));
        await _it.BuildAsync();
        _it.Set.Reject = _ => "no";
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => _it.Rebuild.RunAsync(allowMissing: false, default));
        Assert.Contains("products/lamp cannot be written", error.Message);
        Assert.Equal([1], await _it.VersionsAsync("lamp"));

        await _it.Rebuild.RunAsync(allowMissing: true, default);
        Assert.Equal([0], await _it.VersionsAsync("lamp"));
        _it.Set.Reject = _ => null;
        Assert.Equal((1, 0), await _it.Replay.RunAsync(default));
        Assert.Equal([1], await _it.VersionsAsync("lamp"));
    }

    [Fact]
    public async Task A_rebuild_that_cannot_write_what_changes_meanwhile_leaves_the_old_index_serving_too()
    {
        await _it.Commit(TestCommands.Create("lamp"));
        await _it.BuildAsync();
        var changes = new Queue<Func<Task>>([() => _it.Commit(TestCommands.Create("chair"))]);
        _it.States.BeforePage = () => changes.TryDequeue(out var change) ? change() : Task.CompletedTask;
        // Not as it was read, but as the log has it.
        var seen = 0;
        _it.Set.Reject = p => p.Sku == "chair" && ++seen > 1 ? "no" : null;
        var error = await Assert.ThrowsAsync<EventRefusedException>(() => _it.Rebuild.RunAsync(allowMissing: false, default));
        Assert.Contains("The event at position 2 cannot be written into the new index: no", error.Message);
        Assert.Empty(await _it.Indexes.ReadAsync(0, 10, default));
        Assert.Equal([1, 0], await _it.VersionsAsync("lamp", "chair"));

        await _it.Rebuild.RunAsync(allowMissing: true, default);
        Assert.Equal([1], await _it.VersionsAsync("lamp"));
        Assert.Equal("no", Assert.Single(await _it.Indexes.ReadAsync(long.MinValue, 10, default)).Reason);
    }

    [Fact]
    public async Task What_comes_by_another_way_too_is_set_aside_there()
    {
        var index = await _it.BuildAsync();
        _it.Set.Reject = p => p.Sku is "lamp" or "chair" ? "no" : null;
        foreach (var id in new[] { "lamp", "chair", "table" }) await _it.Commit(TestCommands.Create(id));
        using var enough = new CancellationTokenSource();
        var following = _it.Writer.FollowAsync(index, enough.Token, setAsideUntil: 1);
        await Eventually(async () => (await _it.VersionsAsync("table"))[0] == 1);
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);
        Assert.Equal(1, Assert.Single(await _it.Indexes.ReadAsync(0, 10, default)).Position);
    }

    [Fact]
    public async Task A_product_that_is_damaged_in_the_command_database_keeps_none_of_the_others_out_of_a_new_index()
    {
        await _it.Commit(TestCommands.Create("lamp"));
        await _it.Commit(TestCommands.Create("chair"));
        await _it.BuildAsync();
        _it.Tamper("UPDATE products SET body = x'ffffffff' WHERE id = 'lamp'");

        // While an index serves, nothing is taken from it.
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => _it.Rebuild.RunAsync(allowMissing: false, default));
        Assert.Contains("restore it from a backup", error.Message);
        Assert.Equal([1, 1], await _it.VersionsAsync("lamp", "chair"));

        await _it.Rebuild.RunAsync(allowMissing: true, default);
        Assert.Equal([0, 1], await _it.VersionsAsync("lamp", "chair"));
        Assert.Contains("The command database is damaged there", Assert.Single(await _it.Indexes.ReadAsync(long.MinValue, 10, default)).Reason);
        var failed = Assert.IsType<CommandOutcome.Failed>(await _it.Database.ExecuteAsync(TestCommands.Adjust("lamp", 1)));
        Assert.Contains("is damaged", failed.Error.Message);
        await _it.Commit(TestCommands.Adjust("chair", 1));
    }

    [Fact]
    public async Task Reads_stay_fresh_while_an_index_is_built()
    {
        for (var i = 0; i < 10; i++) await _it.Commit(TestCommands.Create($"p{i}"));
        using var projection = _it.Projection;
        await projection.StartAsync(default);
        await Eventually(async () => (await VersionsOrNone(["p9"]))[0] == 1);
        var pages = 0;
        _it.States.BeforePage = async () =>
        {
            pages++;
            await _it.Commit(TestCommands.Adjust("p0", 1));
            await Eventually(async () => (await _it.VersionsAsync("p0"))[0] == 1 + pages);
        };
        Assert.True(await projection.RebuildAsync(default));
        Assert.True(pages >= 4);
        _it.States.BeforePage = null;
        await _it.Commit(TestCommands.Adjust("p0", 1));
        await Eventually(async () => (await _it.VersionsAsync("p0"))[0] == 2 + pages);
        await projection.StopAsync(default);
    }

    [Fact]
    public async Task A_second_rebuild_is_refused_while_one_runs()
    {
        await _it.Commit(TestCommands.Create("lamp"));
        using var projection = _it.Projection;
        await projection.StartAsync(default);
        await Eventually(async () => (await VersionsOrNone(["lamp"]))[0] == 1);
        var reading = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        _it.States.BeforePage = () =>
        {
            reading.TrySetResult();
            return go.Task;
        };
        var first = projection.RebuildAsync(default);
        await reading.Task;
        Assert.False(await projection.RebuildAsync(default));
        go.SetResult();
        Assert.True(await first);
        await projection.StopAsync(default);
    }

    [Fact]
    public async Task An_index_that_is_behind_a_trimmed_log_is_built_anew()
    {
        await _it.Commit(TestCommands.Create("lamp"));
        await _it.BuildAsync();
        await _it.Commit(TestCommands.Activate("lamp"));
        await new Retention(_it.Database, new FakeTimeProvider(DateTimeOffset.UtcNow.AddYears(1))).RunAsync(long.MaxValue, default);
        await _it.ProjectUntilAsync(async () => (await VersionsOrNone(["lamp"]))[0] == 2);
    }

    [Fact]
    public async Task After_a_restore_nothing_of_the_lost_future_survives()
    {
        await _it.Commit(TestCommands.Create("kept"));
        var backup = _it.BackUp();
        await _it.Commit(TestCommands.Retitle("kept", "Lost title"));
        await _it.Commit(TestCommands.Create("lost"));
        await _it.BuildAsync();
        var before = (await _it.Database.Log.GetBoundsAsync(default)).LogId;
        Assert.Equal([2, 1], await _it.VersionsAsync("kept", "lost"));

        await _it.RestoreAsync(backup);
        await _it.ProjectUntilAsync(async () => (await VersionsOrNone(["kept", "lost"])) is [1, 0]);

        // Tokens and positions of the lost future would fit the new one by their numbers, so the log has another id.
        Assert.NotEqual(before, (await _it.Database.Log.GetBoundsAsync(default)).LogId);
        using var reader = await _it.Indexes.OpenAsync(default);
        Assert.NotEqual(before, reader.LogId);
        Assert.Equal("Title of kept", (await reader.GetAsync(["kept"], default))[0]!.Title);
    }

    [Fact]
    public async Task A_restore_is_noticed_before_the_process_takes_commands()
    {
        await _it.Commit(TestCommands.Create("kept"));
        var backup = _it.BackUp();
        for (var i = 0; i < 5; i++) await _it.Commit(TestCommands.Retitle("kept", $"Lost title {i}"));
        await _it.BuildAsync();
        await _it.RestoreAsync(backup);
        var before = (await _it.Database.Log.GetBoundsAsync(default)).LogId;
        using var projection = _it.Projection;
        await projection.StartAsync(default);

        // Ports open after this. A receipt names the new log, and no command can hide that the index was ahead.
        Assert.NotEqual(before, (await _it.Commit(TestCommands.Retitle("kept", "New title"))).LogId);
        await projection.StopAsync(default);
    }

    private async Task<IReadOnlyList<long>> VersionsOrNone(string[] ids)
    {
        try
        {
            return await _it.VersionsAsync(ids);
        }
        catch (Catalog.Queries.IndexUnavailableException)
        {
            return new long[ids.Length];
        }
    }

    private static async Task Eventually(Func<Task<bool>> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await condition())
        {
            deadline.Token.ThrowIfCancellationRequested();
            await Task.Delay(5, deadline.Token);
        }
    }
}
