using Catalog.Queries;

namespace Catalog.Tests.Elasticsearch;

/// <summary>Reads with tokens share refreshes: one for each would bring Elasticsearch to its knees.</summary>
public sealed class RefreshTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Those_who_wait_for_a_refresh_share_the_next_one()
    {
        var (begun, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var server = await ScriptedServer.StartAsync(async (context, count) =>
        {
            begun.TrySetResult();
            if (count == 0) await go.Task;
            await ScriptedServer.WriteAsync(context, """{"_shards":{"successful":1,"failed":0}}""");
        });
        await using var catalog = TestElasticsearch.On(server.Url);
        using var reader = await catalog.Index.OpenAsync(Cancellation);
        var first = reader.MakeSearchableAsync(Cancellation);
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        // Of whichever reader: what they share belongs to the index.
        using var other = await catalog.Index.OpenAsync(Cancellation);
        Task[] waiting = [.. Enumerable.Range(0, 200).Select(i => (i % 2 == 0 ? reader : other).MakeSearchableAsync(Cancellation).AsTask())];
        go.SetResult();
        await first;
        await Task.WhenAll(waiting);
        Assert.Equal(2, server.Requests.Count);
    }

    [Theory]
    [InlineData("""{"_shards":{"successful":1,"failed":1}}""")]
    [InlineData("""{"_shards":{"successful":0,"failed":0}}""")]
    public async Task A_refresh_that_missed_a_shard_is_none(string answer)
    {
        await using var server = await ScriptedServer.StartAsync((context, _) => ScriptedServer.WriteAsync(context, answer));
        await using var catalog = TestElasticsearch.On(server.Url);
        using var reader = await catalog.Index.OpenAsync(Cancellation);
        await Assert.ThrowsAsync<IndexUnavailableException>(async () => await reader.MakeSearchableAsync(Cancellation));
    }
}
