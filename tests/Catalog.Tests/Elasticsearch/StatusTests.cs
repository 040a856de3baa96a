using Catalog.Elasticsearch.Http;
using Catalog.Elasticsearch.Status;
using Catalog.Projections;
using Catalog.Queries;
using Microsoft.Extensions.Time.Testing;
using Phase = Catalog.V1.ProjectionStatus.Types.Phase;

namespace Catalog.Tests.Elasticsearch;

/// <summary>What the query services know of the relay and the projectors.</summary>
public sealed class StatusTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeMilliseconds(1_750_000_000_000);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Reports_make_the_status()
    {
        var now = Now;
        var time = new FakeTimeProvider(now);
        await using var catalog = TestElasticsearch.Start(time: time);
        await catalog.BuildAsync("log-1", Cancellation);
        await EventuallyAsync(catalog, new IndexStatus(Phase.Unknown, "log-1", 0, null, 0, IsNextLogKnown: false));

        await catalog.Board.ReportAsync(new RelayReport("log-1", 2, 3, now.AddSeconds(-5), DirectSync: false, now), Cancellation);
        await catalog.Board.ReportAsync(new ProjectorReport("a.b/c", 4, now.AddSeconds(-9), 1, now), Cancellation);
        // What it says is older, and so is what it knows.
        await catalog.Board.ReportAsync(new ProjectorReport("another", 1, now.AddSeconds(-12), 2, now.AddSeconds(-1)), Cancellation);
        await EventuallyAsync(catalog, new IndexStatus(Phase.CatchingUp, "log-1", 7, now.AddSeconds(-12), 2));

        // A deposed relay that still talks is not listened to.
        await catalog.Board.ReportAsync(new RelayReport("log-1", 1, 99, now.AddHours(-1), DirectSync: true, now), Cancellation);
        await catalog.Board.ReportAsync(new ProjectorReport("a.b/c", 0, null, 0, now), Cancellation);
        await EventuallyAsync(catalog, new IndexStatus(Phase.CatchingUp, "log-1", 3, now.AddSeconds(-5), 2));

        await catalog.Board.ReportAsync(new RelayReport("log-1", 2, 0, null, DirectSync: false, now), Cancellation);
        await EventuallyAsync(catalog, new IndexStatus(Phase.Current, "log-1", 0, null, 2));

        var building = await catalog.Indices.CreateAsync("log-1", Cancellation);
        await EventuallyAsync(catalog, new IndexStatus(Phase.Rebuilding, "log-1", 0, null, 2));
        await catalog.Indices.SwapAsync(building, Cancellation);
        await catalog.Indices.FinishAsync(building, Cancellation);
        await EventuallyAsync(catalog, new IndexStatus(Phase.Current, "log-1", 0, null, 2));

        // One that was killed before its index held everything, and gives no sign of life.
        building = await catalog.Indices.CreateAsync("log-1", Cancellation);
        await catalog.Indices.SwapAsync(building, Cancellation);
        time.Advance(TimeSpan.FromMinutes(2));
        await EventuallyAsync(catalog, new IndexStatus(Phase.Rebuilding, "log-1", 0, null, 0, IsNextLogKnown: false));
        await catalog.Indices.FinishAsync(building, Cancellation);
        await EventuallyAsync(catalog, new IndexStatus(Phase.Unknown, "log-1", 0, null, 0, IsNextLogKnown: false));
    }

    [Fact]
    public async Task An_index_of_notes_that_was_removed_is_made_again()
    {
        var there = false;
        await using var server = await ScriptedServer.StartAsync((context, count) =>
        {
            var makes = context.Request.Path.Value!.Split('/').Length == 2;
            if (makes) there = true;
            var found = there;
            if (count == 1) there = false;
            return found
                ? ScriptedServer.WriteAsync(context, """{"acknowledged":true,"_seq_no":0,"_primary_term":1}""")
                : ScriptedServer.WriteAsync(context, """{"error":{"type":"index_not_found_exception","reason":"no such index"},"status":404}""", status: 404);
        });
        await using var catalog = TestElasticsearch.On(server.Url);
        var report = new ProjectorReport("p", 0, null, 0, Now);
        await catalog.Board.ReportAsync(report, Cancellation);
        await Assert.ThrowsAsync<ElasticsearchException>(async () => await catalog.Board.ReportAsync(report, Cancellation));
        await catalog.Board.ReportAsync(report, Cancellation);
        Assert.Equal(2, server.Requests.Count(request => request == $"PUT /{catalog.Alias}-status"));
    }

    [Fact]
    public void While_the_relay_feeds_the_index_it_alone_knows_how_far_that_is()
    {
        var status = StatusReader.Combine([Relay(backlog: 5, oldest: 8, direct: true), Projector(lag: 100, oldest: 60)], "log-1", Now);
        Assert.Equal(new IndexStatus(Phase.CatchingUp, "log-1", 5, Now.AddSeconds(-8), 0, DirectSync: true), status);
        Assert.Equal(Phase.Current, StatusReader.Combine([Relay(direct: true)], "log-1", Now).Phase);
    }

    [Fact]
    public void An_old_report_tells_nothing()
    {
        Assert.Equal(Phase.Current, StatusReader.Combine([Relay(age: 9.9), Projector(age: 9.9)], "log-1", Now).Phase);
        Assert.Equal(Phase.Unknown, StatusReader.Combine([Relay(age: 10), Projector()], "log-1", Now).Phase);
        Assert.Equal(Phase.Unknown, StatusReader.Combine([Relay(), Projector(age: 10)], "log-1", Now).Phase);
        Assert.Equal(3, StatusReader.Combine([Relay(age: 10, backlog: 70), Projector(lag: 3)], "log-1", Now).LagEvents);
    }

    [Fact]
    public void A_report_of_a_clock_that_is_far_ahead_tells_nothing() =>
        Assert.Equal(Phase.Current, StatusReader.Combine(
            [Relay(), Projector(), Projector(age: -7200, lag: 5), new Note { Kind = Note.Rebuild, Time = Before(-7200)!.Value, Owner = "gone" }], "log-1", Now).Phase);

    [Fact]
    public void An_index_of_another_log_than_the_relays_is_about_to_be_built_anew()
    {
        Assert.Equal(Phase.Rebuilding, StatusReader.Combine([Relay(backlog: 1), Projector()], "log-0", Now).Phase);
        Assert.Equal(new IndexStatus(Phase.Rebuilding, "log-1", 1, null, 0, NextLogId: "log-1"), StatusReader.Combine([Relay(backlog: 1), Projector()], null, Now));
        Assert.Equal(new IndexStatus(Phase.Rebuilding, "", 0, null, 0, IsNextLogKnown: false), StatusReader.Combine([], null, Now));
        Assert.Equal("log-1", StatusReader.Combine([Relay(age: 1), Projector()], "log-0", Now, Now.AddSeconds(-2)).NextLogId);
        // The relay spoke before the database was restored, and this index is the one that was built afterwards.
        Assert.Equal(new IndexStatus(Phase.Unknown, "log-2", 0, null, 0, IsNextLogKnown: false), StatusReader.Combine([Relay(age: 3), Projector()], "log-2", Now, Now.AddSeconds(-2)));
    }

    [Fact]
    public void Which_log_comes_next_is_known_while_a_relay_reports()
    {
        Assert.True(StatusReader.Combine([Relay(age: 3)], "log-1", Now).IsNextLogKnown);
        // One that stopped for the database to be restored knows nothing of the log that came then.
        Assert.False(StatusReader.Combine([Relay(age: 5)], "log-1", Now).IsNextLogKnown);
        Assert.False(StatusReader.Combine([Projector()], "log-1", Now).IsNextLogKnown);
        Assert.True(StatusReader.Combine([Relay(age: 5)], "log-0", Now).IsNextLogKnown);
    }

    [Fact]
    public async Task A_report_does_not_wait_until_what_is_old_is_gone()
    {
        await using var server = await ScriptedServer.StartAsync(async (context, _) =>
        {
            if (context.Request.Path.Value!.EndsWith("_delete_by_query", StringComparison.Ordinal)) await Task.Delay(Timeout.Infinite, context.RequestAborted);
            await ScriptedServer.WriteAsync(context, """{"acknowledged":true,"_seq_no":1,"_primary_term":1}""");
        });
        await using var catalog = TestElasticsearch.On(server.Url);
        for (var i = 0; i < 3; i++) await catalog.Board.ReportAsync(new RelayReport("log-1", 1, 0, null, false, Now), Cancellation).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
    }

    private static Note Relay(double age = 0, long backlog = 0, double? oldest = null, bool direct = false) =>
        new() { Kind = Note.Relay, LogId = "log-1", Time = Before(age)!.Value, Backlog = backlog, Oldest = Before(oldest), DirectSync = direct };

    private static Note Projector(double age = 0, long lag = 0, double? oldest = null) =>
        new() { Kind = Note.Projector, Time = Before(age)!.Value, Lag = lag, Oldest = Before(oldest) };

    private static long? Before(double? seconds) => seconds is { } age ? Now.AddSeconds(-age).ToUnixTimeMilliseconds() : null;

    // Notes are seen when they are searchable.
    private static async Task EventuallyAsync(TestElasticsearch catalog, IndexStatus expected)
    {
        IndexStatus? status = null;
        for (var deadline = DateTime.UtcNow.AddSeconds(30); DateTime.UtcNow < deadline;)
            if ((status = await catalog.Index.GetStatusAsync(Cancellation)) == expected) return;
        Assert.Equal(expected, status);
    }
}
