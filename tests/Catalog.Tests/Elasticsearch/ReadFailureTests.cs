using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Catalog.Queries;
using Catalog.Tests.Index;
using Catalog.V1;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Catalog.Tests.Elasticsearch;

/// <summary>What reads make of a server that is busy, slow, gone or not one at all.</summary>
public sealed class ReadFailureTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_follows_a_look_at_the_versions_is_read_in_the_same_copy_of_the_index()
    {
        var copies = new ConcurrentQueue<string>();
        await using var server = await ScriptedServer.StartAsync((context, _) =>
        {
            copies.Enqueue(context.Request.Query["preference"].ToString());
            return ScriptedServer.WriteAsync(context,
                context.Request.Path.Value!.EndsWith("/_mget", StringComparison.Ordinal) ? """{"docs":[{"found":true,"_version":1}]}""" : ScriptedServer.NoHitsAt(1));
        });
        await using var catalog = TestElasticsearch.On(server.Url);
        using var reader = await catalog.Index.OpenAsync(Cancellation);
        await reader.GetAsync(["p"], Cancellation);
        await reader.SearchAsync(ProductIndexContract.Plan("lamp"), Cancellation);
        Assert.All(copies, copy => Assert.Equal("", copy));

        copies.Clear();
        await reader.GetVersionsAsync(["p"], Cancellation);
        await reader.GetAsync(["p"], Cancellation);
        await reader.SearchAsync(ProductIndexContract.Plan("lamp"), Cancellation);
        Assert.Equal(3, copies.Count);
        Assert.Single(copies.Distinct());
        Assert.NotEqual("", copies.First());
    }

    [Fact]
    public async Task A_copy_that_is_behind_what_another_one_said_is_no_answer()
    {
        var version = 2;
        await using var server = await ScriptedServer.StartAsync((context, _) => ScriptedServer.WriteAsync(context, $$"""{"docs":[{"found":true,"_version":{{version}}}]}"""));
        await using var catalog = TestElasticsearch.On(server.Url);
        using var reader = await catalog.Index.OpenAsync(Cancellation);
        Assert.Equal([2], await reader.GetVersionsAsync(["p"], Cancellation));
        version = 1;
        Assert.Equal(ErrorReason.ReadNotCaughtUp, (await Assert.ThrowsAsync<IndexUnavailableException>(() => reader.GetAsync(["p"], Cancellation).AsTask())).Reason);
        version = 3;
        await reader.GetAsync(["p"], Cancellation);
    }

    [Fact]
    public async Task A_read_is_given_up_also_where_the_clock_of_the_process_stands_still()
    {
        await using var server = await ScriptedServer.StartAsync(async (context, _) => await Task.Delay(Timeout.Infinite, context.RequestAborted));
        await using var catalog = TestElasticsearch.On(server.Url, o => o.ReadTimeout = TimeSpan.FromMilliseconds(200), time: new FakeTimeProvider());
        await Assert.ThrowsAsync<IndexUnavailableException>(() => SearchAsync(catalog).WaitAsync(TimeSpan.FromSeconds(30), Cancellation));
    }

    [Fact]
    public async Task A_search_in_a_copy_that_is_behind_what_another_one_said_is_no_answer()
    {
        var version = 2;
        await using var server = await ScriptedServer.StartAsync((context, _) => ScriptedServer.WriteAsync(context,
            context.Request.Path.Value!.EndsWith("/_mget", StringComparison.Ordinal) ? $$"""{"docs":[{"found":true,"_version":{{version}}}]}""" : ScriptedServer.NoHitsAt(version)));
        await using var catalog = TestElasticsearch.On(server.Url);
        using var reader = await catalog.Index.OpenAsync(Cancellation);
        Assert.Equal([2], await reader.GetVersionsAsync(["p"], Cancellation));
        var suggestion = new SuggestPlan(["lamp"], 10);
        version = 1;
        Assert.Equal(ErrorReason.ReadNotCaughtUp,
            (await Assert.ThrowsAsync<IndexUnavailableException>(() => reader.SearchAsync(ProductIndexContract.Plan("lamp"), Cancellation).AsTask())).Reason);
        Assert.Equal(ErrorReason.ReadNotCaughtUp, (await Assert.ThrowsAsync<IndexUnavailableException>(() => reader.SuggestAsync(suggestion, Cancellation).AsTask())).Reason);
        version = 3;
        await reader.SearchAsync(ProductIndexContract.Plan("lamp"), Cancellation);
        await reader.SuggestAsync(suggestion, Cancellation);
    }

    [Theory]
    [InlineData(100, 10_000, 101)]
    [InlineData(25, 140_000, 26)]
    [InlineData(100, 140_000, 101, 51, 26)]
    [InlineData(3, 5_000_000, 4, 2)]
    public async Task Of_a_page_that_is_too_large_to_hold_the_half_is_asked_for(int pageSize, int productBytes, params int[] hits)
    {
        var asked = new ConcurrentQueue<int>();
        var body = new Product { Name = "products/p", Description = new string('x', productBytes) }.ToByteString().ToBase64();
        await using var server = await ScriptedServer.StartAsync(async (context, _) =>
        {
            using var request = await JsonDocument.ParseAsync(context.Request.Body);
            asked.Enqueue(request.RootElement.GetProperty("size").GetInt32());
            var found = Enumerable.Range(0, asked.Last()).Select(i => $$$"""{"_source":{"body":"{{{body}}}"},"sort":[1,"products/p{{{i}}}"]}""");
            await ScriptedServer.WriteAsync(context, $$$"""{"hits":{"total":{"value":500},"hits":[{{{string.Join(',', found)}}}]}}""");
        });
        await using var catalog = TestElasticsearch.On(server.Url);
        using var reader = await catalog.Index.OpenAsync(Cancellation);
        var page = await reader.SearchAsync(ProductIndexContract.Plan("lamp") with { PageSize = pageSize }, Cancellation);
        Assert.Equal(hits, asked);
        Assert.Equal((hits[^1] - 1, 500, $"p{hits[^1] - 2}"), (page.Products.Count, page.Total, page.Next!.ProductId));
    }

    [Theory]
    [InlineData(0, 25)]
    [InlineData(10, 15)]
    [InlineData(100, 100)]
    [InlineData(5_000, 500)]
    public async Task Between_two_looks_at_the_versions_there_is_a_pause_as_long_as_a_look(int look, int pause)
    {
        var clock = new FakeTimeProvider();
        await using var catalog = TestElasticsearch.On($"http://127.0.0.1:{FreePort()}", time: clock);
        var change = catalog.Index.WatchForChange();
        clock.Advance(TimeSpan.FromMilliseconds(look));
        var waiting = change(Cancellation);
        clock.Advance(TimeSpan.FromMilliseconds(pause - 1));
        Assert.False(waiting.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        await waiting.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task A_read_is_tried_again_while_the_server_is_busy(int status)
    {
        await using var server = await ScriptedServer.StartAsync((context, count) =>
            count < 2 ? ScriptedServer.WriteAsync(context, "{}", status, retryAfter: 0) : ScriptedServer.WriteAsync(context, ScriptedServer.NoHits));
        Assert.Equal(0, (await SearchAsync(server)).Total);
        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task A_server_that_stays_busy_is_an_index_that_is_unavailable()
    {
        await using var server = await ScriptedServer.StartAsync((context, _) => ScriptedServer.WriteAsync(context, "{}", 503));
        var unavailable = await Assert.ThrowsAsync<IndexUnavailableException>(() => SearchAsync(server));
        Assert.Equal(ErrorReason.IndexUnavailable, unavailable.Reason);
        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task A_server_that_wants_much_time_gets_it_from_the_caller()
    {
        await using var server = await ScriptedServer.StartAsync((context, _) => ScriptedServer.WriteAsync(context, "{}", 429, retryAfter: 7));
        var unavailable = await Assert.ThrowsAsync<IndexUnavailableException>(() => SearchAsync(server));
        Assert.Equal(TimeSpan.FromSeconds(7), unavailable.RetryAfter);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_is_asked_for_again()
    {
        await using var server = await ScriptedServer.StartAsync(async (context, count) =>
        {
            if (count == 0)
            {
                context.Response.ContentLength = 1000;
                await context.Response.Body.WriteAsync("{\"hits\""u8.ToArray(), context.RequestAborted);
                return;
            }
            await ScriptedServer.WriteAsync(context, ScriptedServer.NoHits);
        });
        Assert.Equal(0, (await SearchAsync(server)).Total);
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_given_up()
    {
        await using var server = await ScriptedServer.StartAsync((context, _) => Task.Delay(Timeout.Infinite, context.RequestAborted));
        await using var catalog = TestElasticsearch.On(server.Url, options => options.ReadTimeout = TimeSpan.FromMilliseconds(200));
        await Assert.ThrowsAsync<IndexUnavailableException>(() => SearchAsync(catalog));
        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task A_search_that_its_caller_cancels_ends_at_the_server_too()
    {
        var (began, ended) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var server = await ScriptedServer.StartAsync(async (context, _) =>
        {
            context.RequestAborted.Register(ended.SetResult);
            began.SetResult();
            await ended.Task;
        });
        await using var catalog = TestElasticsearch.On(server.Url);
        using var cancelled = new CancellationTokenSource();
        var search = SearchAsync(catalog, cancelled.Token);
        await began.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => search);
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task Where_nothing_listens_the_index_is_unavailable()
    {
        await using var catalog = TestElasticsearch.On($"http://127.0.0.1:{FreePort()}");
        var unavailable = await Assert.ThrowsAsync<IndexUnavailableException>(() => SearchAsync(catalog));
        Assert.Equal(ErrorReason.IndexUnavailable, unavailable.Reason);
        Assert.False(await catalog.IsReachedAsync(Cancellation));
    }

    [Fact]
    public async Task Another_node_is_taken_when_one_is_gone()
    {
        await using var server = await ScriptedServer.StartAsync((context, _) => ScriptedServer.WriteAsync(context, ScriptedServer.NoHits));
        await using var catalog = TestElasticsearch.On($"http://127.0.0.1:{FreePort()}, {server.Url}");
        Assert.Equal(0, (await SearchAsync(catalog)).Total);
    }

    [Fact]
    public async Task What_is_no_Elasticsearch_is_an_index_that_is_unavailable()
    {
        await using var server = await ScriptedServer.StartAsync((context, _) => ScriptedServer.WriteAsync(context, "<html>Welcome!</html>"));
        await Assert.ThrowsAsync<IndexUnavailableException>(() => SearchAsync(server));
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using var server = await ScriptedServer.StartAsync(async (context, _) =>
        {
            context.Response.Headers.Location = "/elsewhere";
            await ScriptedServer.WriteAsync(context, "", status: 307);
        });
        await Assert.ThrowsAnyAsync<Exception>(() => SearchAsync(server));
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(401)]
    [InlineData(503)]
    public async Task Credentials_are_sent_and_told_to_nobody(int status)
    {
        var sent = new ConcurrentBag<string>();
        await using var server = await ScriptedServer.StartAsync((context, _) =>
        {
            sent.Add(context.Request.Headers.Authorization.ToString());
            return ScriptedServer.WriteAsync(context, status == 200 ? ScriptedServer.NoHits : "{}", status);
        });
        var logs = new LogCollector();
        await using var key = TestElasticsearch.On(server.Url, options => options.ApiKey = "c2VjcmV0LWtleQ==", logs);
        await using var user = TestElasticsearch.On(server.Url, options => (options.Username, options.Password) = ("catalog", "secret-word"), logs);
        var told = $"{await Record.ExceptionAsync(() => SearchAsync(key))} {await Record.ExceptionAsync(() => SearchAsync(user))} {string.Join('\n', logs.Lines.Select(l => l.Text))}";

        Assert.Contains("ApiKey c2VjcmV0LWtleQ==", sent);
        Assert.Contains("Basic " + Convert.ToBase64String("catalog:secret-word"u8), sent);
        foreach (var secret in (string[])["c2VjcmV0LWtleQ==", "secret-word", Convert.ToBase64String("catalog:secret-word"u8)]) Assert.DoesNotContain(secret, told, StringComparison.Ordinal);
    }

    private static async Task<SearchPage> SearchAsync(ScriptedServer server)
    {
        await using var catalog = TestElasticsearch.On(server.Url);
        return await SearchAsync(catalog);
    }

    private static async Task<SearchPage> SearchAsync(TestElasticsearch catalog, CancellationToken? cancellation = null)
    {
        using var reader = await catalog.Index.OpenAsync(cancellation ?? Cancellation);
        return await reader.SearchAsync(ProductIndexContract.Plan("lamp"), cancellation ?? Cancellation);
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
