using System.Text;
using Catalog.Elasticsearch.Http;
using Catalog.Elasticsearch.Indices;
using Catalog.Elasticsearch.Status;
using Catalog.Projections;
using Catalog.Queries;
using Catalog.Tests.Commands;
using Catalog.Tests.Projections;
using Catalog.V1;
using Microsoft.Extensions.Time.Testing;

namespace Catalog.Tests.Elasticsearch;

/// <summary>Which index serves, which is built, and which is removed, with several processes at work (G8, G12).</summary>
public sealed class IndexSwapTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Before_there_is_an_index_reads_say_that_it_is_being_built()
    {
        await using var catalog = TestElasticsearch.Start();
        Assert.Null(await catalog.Indices.GetCurrentAsync(Cancellation));
        Assert.False(await catalog.IsReachedAsync(Cancellation));
        Assert.False(catalog.Indices.Unusable.IsCompleted);
        var unavailable = await Assert.ThrowsAsync<IndexUnavailableException>(async () => await catalog.Index.OpenAsync(Cancellation));
        Assert.Equal(ErrorReason.IndexRebuilding, unavailable.Reason);

        await catalog.BuildAsync("log-1", Cancellation);
        Assert.Equal("log-1", (await catalog.Indices.GetCurrentAsync(Cancellation))?.LogId);
        Assert.True(await catalog.IsReachedAsync(Cancellation));
    }

    [Fact]
    public async Task What_is_written_of_another_log_gets_into_no_index()
    {
        await using var catalog = TestElasticsearch.Start();
        await using var projector = catalog.Another();
        await catalog.BuildAsync("log-1", Cancellation);
        var writer = (await projector.Indices.GetCurrentAsync(Cancellation))!;
        Assert.Empty((await writer.WriteAsync([Lamp("before")], Cancellation)).Rejected);

        await catalog.BuildAsync("log-2", Cancellation);
        var indices = await catalog.ListAsync();
        await Assert.ThrowsAsync<IndexLostException>(async () => await writer.WriteAsync([Lamp("after")], Cancellation));
        Assert.Null(await GetAsync(catalog, "after"));
        Assert.Equal(indices, await catalog.ListAsync());
        Assert.Equal("log-2", (await projector.Indices.GetCurrentAsync(Cancellation))?.LogId);
    }

    [Fact]
    public async Task A_writer_of_the_same_log_goes_on_in_the_index_that_was_swapped_in()
    {
        await using var catalog = TestElasticsearch.Start();
        await using var projector = catalog.Another();
        await catalog.BuildAsync("Log 1", Cancellation); // not a name that an alias could have
        var writer = (await projector.Indices.GetCurrentAsync(Cancellation))!;
        await catalog.BuildAsync("Log 1", Cancellation);
        await writer.WriteAsync([Lamp("p")], Cancellation);
        Assert.NotNull(await GetAsync(catalog, "p"));
    }

    [Fact]
    public async Task Up_to_where_an_index_held_the_log_when_it_began_to_serve_is_known_to_every_process()
    {
        await using var catalog = TestElasticsearch.Start();
        var next = await catalog.Indices.CreateAsync("log-1", Cancellation);
        await next.SavePositionAsync(4711, Cancellation);
        await catalog.Indices.SwapAsync(next, Cancellation);

        await using var projector = catalog.Another();
        Assert.Equal(4711, await (await projector.Indices.GetCurrentAsync(Cancellation))!.GetPositionAsync(Cancellation));
    }

    [Fact]
    public async Task A_write_where_the_index_is_gone_makes_none()
    {
        await using var catalog = TestElasticsearch.Start();
        var writer = await catalog.BuildAsync("log-1", Cancellation);
        await DeleteAsync(Assert.Single(await ProductsAsync(catalog)));
        await Assert.ThrowsAsync<IndexLostException>(async () => await writer.WriteAsync([Lamp("p")], Cancellation));
        Assert.Empty(await ProductsAsync(catalog));
        Assert.Null(await catalog.Indices.GetCurrentAsync(Cancellation));
    }

    [Fact]
    public async Task A_second_rebuild_is_refused_while_one_runs()
    {
        await using var catalog = TestElasticsearch.Start();
        await using var other = catalog.Another();
        var building = await catalog.Indices.CreateAsync("log-1", Cancellation);
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(async () => await other.Indices.CreateAsync("log-1", Cancellation));
        Assert.Contains("Another rebuild is running", refused.Message, StringComparison.Ordinal);

        await catalog.Indices.SwapAsync(building, Cancellation);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await other.Indices.CreateAsync("log-1", Cancellation));
        await catalog.Indices.FinishAsync(building, Cancellation);
        await other.Indices.SwapAsync(await other.Indices.CreateAsync("log-1", Cancellation), Cancellation);
    }

    [Fact]
    public async Task A_rebuild_that_works_is_not_taken_for_dead()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var catalog = TestElasticsearch.Start(time: time);
        await using var other = catalog.Another(time: time);
        var building = await catalog.Indices.CreateAsync("log-1", Cancellation);
        for (var i = 0; i < 10; i++)
        {
            time.Advance(TimeSpan.FromSeconds(20));
            await building.WriteAsync([Lamp($"p{i}")], Cancellation);
        }
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await other.Indices.CreateAsync("log-1", Cancellation));
        await catalog.Indices.SwapAsync(building, Cancellation);
        Assert.NotNull(await GetAsync(other, "p9"));
    }

    [Fact]
    public async Task A_rebuild_whose_sign_of_life_was_not_answered_for_goes_on_unless_another_has_begun()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var catalog = TestElasticsearch.Start(time: time);
        var notes = catalog.Get<StatusIndex>();
        var lease = new RebuildLease(notes, time);
        await lease.TakeAsync(Cancellation);
        var taken = (await notes.GetAsync(Note.Rebuild, Cancellation))!;
        // As the renewal that it made itself leaves it.
        await notes.PutAsync(Note.Rebuild, taken.Place.Condition, taken.Source!, Cancellation);
        time.Advance(TimeSpan.FromSeconds(20));
        await lease.KeepAsync(Cancellation);

        var kept = (await notes.GetAsync(Note.Rebuild, Cancellation))!;
        await notes.PutAsync(Note.Rebuild, kept.Place.Condition, kept.Source! with { Owner = "another" }, Cancellation);
        time.Advance(TimeSpan.FromSeconds(20));
        await Assert.ThrowsAsync<IndexLostException>(async () => await lease.KeepAsync(Cancellation));
    }

    [Fact]
    public async Task A_rebuild_that_was_killed_with_its_clock_ahead_keeps_nobody_waiting()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow.AddHours(2));
        await using var killed = TestElasticsearch.Start(time: time);
        await using var catalog = killed.Another(time: new FakeTimeProvider(DateTimeOffset.UtcNow));
        await killed.Indices.CreateAsync("log-1", Cancellation);
        await catalog.Indices.CreateAsync("log-1", Cancellation);
    }

    [Fact]
    public async Task A_rebuild_that_was_killed_is_taken_over_and_can_do_no_more_harm()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var killed = TestElasticsearch.Start(time: time);
        await using var catalog = killed.Another(time: time);
        await catalog.BuildAsync("log-1", Cancellation);
        var abandoned = await killed.Indices.CreateAsync("log-1", Cancellation);
        var left = ((Catalog.Elasticsearch.Writing.IndexWriter)abandoned).Index;

        time.Advance(RebuildLease.Life);
        var building = await catalog.Indices.CreateAsync("log-1", Cancellation);
        Assert.DoesNotContain(left, await catalog.ListAsync());
        await Assert.ThrowsAsync<IndexLostException>(async () => await abandoned.WriteAsync([Lamp("late")], Cancellation));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await killed.Indices.SwapAsync(abandoned, Cancellation));
        await catalog.Indices.SwapAsync(building, Cancellation);
        await Assert.ThrowsAnyAsync<Exception>(async () => await killed.Indices.SwapAsync(abandoned, Cancellation));
        Assert.Equal(building, await catalog.Indices.GetCurrentAsync(Cancellation));
        Assert.DoesNotContain(left, await catalog.ListAsync());
        Assert.Null(await GetAsync(catalog, "late"));
    }

    [Fact]
    public async Task What_was_written_while_a_rebuild_swapped_that_was_killed_then_is_not_lost()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var catalog = TestElasticsearch.Start(time: time);
        await using var killed = catalog.Another(time: time);
        await using var database = new ProjectionFixture();
        await database.Commit(TestCommands.Create("lamp"));
        await database.RebuildOf(catalog.Indices).RunAsync(allowMissing: false, Cancellation);

        // After the rebuild has read the log for the last time before the swap, another process writes an event into the index that still serves.
        var dying = new DyingIndexSet(killed.Indices)
        {
            BeforeSwap = async () =>
            {
                await database.Commit(TestCommands.Adjust("lamp", 1));
                await database.CatchUpAsync((await catalog.Indices.GetCurrentAsync(Cancellation))!);
            },
        };
        await Assert.ThrowsAsync<OperationCanceledException>(() => database.RebuildOf(dying).RunAsync(allowMissing: false, Cancellation));
        Assert.Equal([1], await VersionsAsync(catalog, "lamp"));

        // It may still be at work.
        var rebuild = database.RebuildOf(catalog.Indices);
        Assert.False(await rebuild.FinishAsync(Cancellation));
        time.Advance(RebuildLease.Life);
        Assert.True(await rebuild.FinishAsync(Cancellation));
        Assert.Equal([2], await VersionsAsync(catalog, "lamp"));
        Assert.False(await rebuild.FinishAsync(Cancellation));
        Assert.False(await database.RebuildOf(killed.Indices).FinishAsync(Cancellation));
    }

    [Fact]
    public async Task A_rebuild_that_ends_early_leaves_nothing_and_keeps_nobody_waiting()
    {
        await using var catalog = TestElasticsearch.Start();
        await using (var other = catalog.Another()) await other.Indices.CreateAsync("log-1", Cancellation);
        Assert.Empty(await ProductsAsync(catalog));
        await catalog.BuildAsync("log-1", Cancellation);
    }

    [Fact]
    public async Task A_replaced_index_is_kept_for_its_readers_and_then_removed()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var catalog = TestElasticsearch.Start(time: time);
        await (await catalog.BuildAsync("log-1", Cancellation)).WriteAsync([Lamp("p")], Cancellation);
        using var reader = await catalog.Index.OpenAsync(Cancellation);
        time.Advance(TimeSpan.FromSeconds(2));
        await using (var rebuild = catalog.Another(time: time)) await rebuild.BuildAsync("log-1", Cancellation);
        await ReportAsync();
        Assert.NotNull((await reader.GetAsync(["p"], Cancellation))[0]);
        Assert.Equal(2, (await ProductsAsync(catalog)).Length);

        time.Advance(catalog.Options.OldIndexGrace + TimeSpan.FromSeconds(1));
        await ReportAsync();
        for (var deadline = DateTime.UtcNow.AddSeconds(30); DateTime.UtcNow < deadline && (await ProductsAsync(catalog)).Length > 1;)
        {
        }
        Assert.Single(await ProductsAsync(catalog));
        foreach (var read in (Func<Task>[])
            [
                async () => await reader.GetAsync(["p"], Cancellation), async () => await reader.GetVersionsAsync(["p"], Cancellation),
                async () => await reader.MakeSearchableAsync(Cancellation), async () => await reader.SearchAsync(Index.ProductIndexContract.Plan("lamp"), Cancellation),
            ])
        {
            var unavailable = await Assert.ThrowsAsync<IndexUnavailableException>(read);
            Assert.Equal(ErrorReason.IndexRebuilding, unavailable.Reason);
            Assert.True(unavailable.RetryAfter < TimeSpan.FromSeconds(1));
        }

        // The relay sees to it; the process that replaced the index went before.
        async Task ReportAsync() => await catalog.Board.ReportAsync(new RelayReport("log-1", 1, 0, null, DirectSync: false, time.GetUtcNow()), Cancellation);
    }

    [Fact]
    public async Task A_rebuild_removes_what_is_left_over_and_nothing_else()
    {
        await using var catalog = TestElasticsearch.Start();
        string[] kept = ["-20200101000001", "-2020010100000", "-20200101000000x", "-backup"];
        foreach (var name in (string[])["-20200101000000", "-20200101000000-2", .. kept]) await PutAsync(catalog.Alias + name, "{}");
        await PutAsync($"{catalog.Alias}{kept[0]}/_alias/{catalog.Alias}-mine", "");
        var index = await catalog.BuildAsync("log-1", Cancellation);
        Assert.Equal(
            kept.Select(name => catalog.Alias + name).Append(((Catalog.Elasticsearch.Writing.IndexWriter)index).Index).Append(catalog.Alias + "-status").Order(StringComparer.Ordinal),
            await catalog.ListAsync());
    }

    [Fact]
    public async Task An_index_that_has_the_name_of_the_alias_is_told_at_once()
    {
        await using var catalog = TestElasticsearch.Start();
        await PutAsync(catalog.Alias, "{}");
        try
        {
            await using var database = new ProjectionFixture();
            var refused = await Assert.ThrowsAsync<InvalidOperationException>(() =>
                database.RebuildOf(catalog.Indices).RunAsync(allowMissing: false, Cancellation).WaitAsync(TimeSpan.FromSeconds(30), Cancellation));
            Assert.Contains(catalog.Alias, refused.Message, StringComparison.Ordinal);
        }
        finally
        {
            await DeleteAsync(catalog.Alias);
        }
    }

    [Fact]
    public async Task An_index_of_another_schema_is_none()
    {
        await using var catalog = TestElasticsearch.Start();
        await PutAsync($"{catalog.Alias}-20200101000000", $$$"""{"mappings":{"_meta":{"log_id":"log-1","schema":999}},"aliases":{"{{{catalog.Alias}}}":{} } }""");
        Assert.Null(await catalog.Indices.GetCurrentAsync(Cancellation));
        Assert.False(await catalog.IsReachedAsync(Cancellation));
        await Assert.ThrowsAsync<IndexUnavailableException>(async () => await catalog.Index.OpenAsync(Cancellation));

        await catalog.BuildAsync("log-2", Cancellation);
        using var reader = await catalog.Index.OpenAsync(Cancellation);
        Assert.Equal("log-2", reader.LogId);
    }

    private static Product Lamp(string id) => new() { Name = ProductName.Format(id), Title = "lamp", Version = 1, State = Product.Types.State.Active };

    private static async Task<Product?> GetAsync(TestElasticsearch catalog, string id)
    {
        using var reader = await catalog.Index.OpenAsync(Cancellation);
        return (await reader.GetAsync([id], Cancellation))[0];
    }

    private static async Task<IReadOnlyList<long>> VersionsAsync(TestElasticsearch catalog, params string[] ids)
    {
        using var reader = await catalog.Index.OpenAsync(Cancellation);
        return await reader.GetVersionsAsync(ids, Cancellation);
    }

    /// <summary>The indices as a process uses them that is killed as soon as its index serves.</summary>
    private sealed class DyingIndexSet(IIndexSet inner) : IIndexSet
    {
        public required Func<Task> BeforeSwap { get; init; }

        public Task Unusable => inner.Unusable;

        public ValueTask<IIndexWriter?> GetCurrentAsync(CancellationToken cancellation) => inner.GetCurrentAsync(cancellation);

        public ValueTask<IIndexWriter> CreateAsync(string logId, CancellationToken cancellation) => inner.CreateAsync(logId, cancellation);

        public async ValueTask SwapAsync(IIndexWriter next, CancellationToken cancellation)
        {
            await BeforeSwap();
            await inner.SwapAsync(next, cancellation);
            throw new OperationCanceledException("killed");
        }

        public ValueTask FinishAsync(IIndexWriter index, CancellationToken cancellation) => inner.FinishAsync(index, cancellation);

        public ValueTask<IIndexWriter?> GetUnfinishedAsync(CancellationToken cancellation) => inner.GetUnfinishedAsync(cancellation);
    }

    private static async Task<string[]> ProductsAsync(TestElasticsearch catalog) =>
        [.. (await catalog.ListAsync()).Where(name => !name.EndsWith("-status", StringComparison.Ordinal))];

    private static async Task PutAsync(string path, string json)
    {
        using var http = new HttpClient();
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        (await http.PutAsync(new Uri($"{TestElasticsearch.Url}/{path}"), json.Length > 0 ? content : null, Cancellation)).EnsureSuccessStatusCode();
    }

    private static async Task DeleteAsync(string index)
    {
        using var http = new HttpClient();
        (await http.DeleteAsync(new Uri($"{TestElasticsearch.Url}/{index}"), Cancellation)).EnsureSuccessStatusCode();
    }
}
