using Catalog.V1;

namespace Catalog.SystemTests;

/// <summary>The queue may die (G7).</summary>
public sealed class QueueAwayTests
{
    [Fact]
    public async Task While_the_queue_is_away_and_on_its_way_back_every_read_sees_the_write_before_it_and_a_rebuild_works()
    {
        await using var it = await FaultyCluster.StartAsync();
        var created = await it.Cluster.CreatedAsync();
        using var watch = await Watcher.StartAsync(it.Cluster, limit: TimeSpan.FromMinutes(10));
        using var over = new CancellationTokenSource();
        var (written, done) = (0, false);
        // All the time: who does not take what it is shown is dropped.
        var showing = Task.Run(async () =>
        {
            while (!Volatile.Read(ref done) || watch.Seen.Count(e => e.Name == created.Name) < written) await watch.ReadAsync();
        });
        var writing = Task.Run(async () =>
        {
            while (!over.IsCancellationRequested)
            {
                var receipt = await it.Cluster.Writes().AdjustStockAsync(new AdjustStockRequest { Name = created.Name, Delta = 1, Reason = "one more" });
                written++;
                var read = await it.Cluster.Reads().GetProductAsync(new GetProductRequest { Name = created.Name, ConsistencyTokens = { receipt.ConsistencyToken } });
                Assert.Equal(written, read.StockQuantity);
            }
        });
        async Task Until(string what, Func<ProjectionStatus, bool> condition) => await Eventually.TrueAsync(what, async () =>
        {
            if (writing.IsFaulted) throw new InvalidOperationException($"{what}: after {written} writes\n{it.Logs()}", writing.Exception);
            return condition(await it.Cluster.Reads().GetProjectionStatusAsync(new GetProjectionStatusRequest()));
        }, TimeSpan.FromMinutes(2));

        await it.KillKafkaAsync();
        await Until("direct sync is on", status => status.DirectSync);
        var before = written;
        await Eventually.TrueAsync("reads go on", () => written > before + 20, TimeSpan.FromMinutes(1));
        Assert.Equal((0, "The new index serves."), Last(await it.Cluster.RunAsync("CommandService", "rebuild")));
        Assert.True((await it.Cluster.Reads().GetProjectionStatusAsync(new GetProjectionStatusRequest())).DirectSync);
        // A server that is lost later makes nobody unready.
        foreach (var host in it.Cluster.Hosts)
            using (var answer = await it.Cluster.Rest.GetAsync(new Uri(host, "/healthz/ready"))) Assert.True(answer.IsSuccessStatusCode, $"{host} is not ready");
        await it.StartKafkaAgainAsync();
        await Until("direct sync is off again", status => !status.DirectSync && status.Phase == ProjectionStatus.Types.Phase.Current);
        before = written;
        await Eventually.TrueAsync("reads go on", () => written > before + 20, TimeSpan.FromMinutes(1));
        await over.CancelAsync();
        await writing;

        // The watch stayed open, and shows all of it once, in order; perhaps also what was there when it began.
        Volatile.Write(ref done, true);
        await showing;
        Assert.Equal(Enumerable.Range(2, written).Select(v => (long)v), watch.Seen.Where(e => e.Name == created.Name && e.Version > created.Version).Select(e => e.Version));
    }

    [Fact]
    public async Task While_the_queue_is_away_a_watch_stays_open_and_says_that_it_is_delayed()
    {
        await using var it = await FaultyCluster.StartAsync();
        using var watch = it.Cluster.Reads().WatchProducts(new WatchProductsRequest(), deadline: DateTime.UtcNow.AddMinutes(2));
        Assert.True(await watch.ResponseStream.MoveNext(default));
        Assert.False(watch.ResponseStream.Current.Delayed);
        await it.KillKafkaAsync();
        while (!watch.ResponseStream.Current.Delayed) Assert.True(await watch.ResponseStream.MoveNext(default));
        var created = await it.Cluster.CreatedAsync();
        await it.StartKafkaAgainAsync();
        while (watch.ResponseStream.Current.Events.All(e => e.Name != created.Name)) Assert.True(await watch.ResponseStream.MoveNext(default));
        while (watch.ResponseStream.Current.Delayed) Assert.True(await watch.ResponseStream.MoveNext(default));
    }

    private static (int Code, string Answer) Last((int Code, string Output) ended) => (ended.Code, ended.Output.Split('\n').First(l => !l.StartsWith('{')));
}
