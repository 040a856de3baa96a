using System.Net;
using System.Net.Http.Headers;
using Catalog.Elasticsearch;
using Catalog.Elasticsearch.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Catalog.Tests.Elasticsearch;

/// <summary>Which node a request goes to.</summary>
public sealed class NodeHandlerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_node_is_kept_until_it_fails_and_then_the_next_one_is_taken()
    {
        var answers = new Queue<object>(
        [
            HttpStatusCode.OK, HttpStatusCode.TooManyRequests, HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK,
            new HttpRequestException("Refused."), HttpStatusCode.OK, HttpStatusCode.OK,
        ]);
        var node = new Node(answers);
        using var http = Invoker(node);
        while (answers.Count > 0) await Record.ExceptionAsync(() => http.SendAsync(NodeHandler.Request(HttpMethod.Get, "_alias/p?q=1", Cancellation), Cancellation));
        Assert.Equal(["one", "one", "one", "two", "two", "one", "one"], node.Asked.Select(uri => uri.Host));
        Assert.Equal("https://two:9200/es/_alias/p?q=1", node.Asked[3].ToString());
    }

    [Fact]
    public async Task A_connection_that_takes_too_long_to_make_is_a_failure_and_nobodys_cancellation()
    {
        using var http = Invoker(new Node(new Queue<object>([new TaskCanceledException("Connecting took too long.", new TimeoutException())])));
        await Assert.ThrowsAsync<HttpRequestException>(() => http.SendAsync(NodeHandler.Request(HttpMethod.Get, "_alias/p", Cancellation), Cancellation));
    }

    [Fact]
    public void There_are_no_more_connections_to_a_node_than_may_be()
    {
        using var services = new ServiceCollection().AddElasticsearch(new ElasticsearchOptions(), maxConnections: 7).BuildServiceProvider();
        foreach (var name in (string[])[Connection.Reads, Connection.Writes])
        {
            var handler = services.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler(name);
            while (handler is DelegatingHandler { InnerHandler: { } inner }) handler = inner;
            Assert.Equal(7, Assert.IsType<SocketsHttpHandler>(handler).MaxConnectionsPerServer);
        }
    }

    [Fact]
    public async Task A_caller_who_gives_up_changes_no_node()
    {
        var node = new Node(new Queue<object>([new TaskCanceledException(), HttpStatusCode.OK]));
        using var http = Invoker(node);
        var gone = new CancellationToken(canceled: true);
        await Assert.ThrowsAsync<TaskCanceledException>(() => http.SendAsync(NodeHandler.Request(HttpMethod.Get, "_alias/p", gone), gone));
        await http.SendAsync(NodeHandler.Request(HttpMethod.Get, "_alias/p", Cancellation), Cancellation);
        Assert.Equal(["one", "one"], node.Asked.Select(uri => uri.Host));
    }

    [Theory]
    [InlineData(HttpStatusCode.ServiceUnavailable, "two")]
    [InlineData(HttpStatusCode.GatewayTimeout, "two")]
    [InlineData(HttpStatusCode.OK, "one")]
    [InlineData(HttpStatusCode.RequestTimeout, "one")]
    [InlineData(HttpStatusCode.Forbidden, "one")]
    public async Task A_node_that_has_lost_its_cluster_is_left_though_it_answers(HttpStatusCode health, string next)
    {
        var clock = new FakeTimeProvider();
        var node = new Node(new Queue<object>([HttpStatusCode.OK, health, HttpStatusCode.OK, HttpStatusCode.OK]));
        using var http = Invoker(node, clock);
        foreach (var passed in (int[])[4, 1, 4])
        {
            clock.Advance(TimeSpan.FromSeconds(passed));
            using var request = NodeHandler.Request(HttpMethod.Post, "p/_search", Cancellation);
            request.Headers.Authorization = new AuthenticationHeaderValue("ApiKey", "key");
            (await http.SendAsync(request, Cancellation)).Dispose();
        }
        Assert.Equal(["one/p/_search", "one/_cluster/health", $"{next}/p/_search", $"{next}/p/_search"], node.Asked.Select(uri => uri.Host + uri.AbsolutePath.Replace("/es", "", StringComparison.Ordinal)));
        Assert.All(node.Authorizations, authorization => Assert.Equal("ApiKey key", authorization));
    }

    [Fact]
    public async Task A_node_that_does_not_say_how_it_is_is_left()
    {
        var clock = new FakeTimeProvider();
        var node = new Node(new Queue<object>([new HttpRequestException("Refused."), HttpStatusCode.OK]));
        using var http = Invoker(node, clock);
        clock.Advance(TimeSpan.FromSeconds(5));
        (await http.SendAsync(NodeHandler.Request(HttpMethod.Post, "p/_search", Cancellation), Cancellation)).Dispose();
        Assert.Equal(["one", "two"], node.Asked.Select(uri => uri.Host));
    }

    [Fact]
    public async Task The_only_node_is_not_asked_how_it_is()
    {
        var clock = new FakeTimeProvider();
        var node = new Node(new Queue<object>([HttpStatusCode.OK]));
        using var http = new HttpMessageInvoker(new NodeHandler(new NodeHandler.Choice([new Uri("http://one/")], clock)) { InnerHandler = node });
        clock.Advance(TimeSpan.FromMinutes(1));
        (await http.SendAsync(NodeHandler.Request(HttpMethod.Post, "p/_search", Cancellation), Cancellation)).Dispose();
        Assert.Single(node.Asked);
    }

    private static HttpMessageInvoker Invoker(Node node, TimeProvider? time = null) =>
        new(new NodeHandler(new NodeHandler.Choice([new Uri("http://one/"), new Uri("https://two:9200/es/")], time ?? TimeProvider.System)) { InnerHandler = node });

    private sealed class Node(Queue<object> answers) : HttpMessageHandler
    {
        public List<Uri> Asked { get; } = [];

        public List<string?> Authorizations { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Asked.Add(request.RequestUri!);
            Authorizations.Add(request.Headers.Authorization?.ToString());
            var answer = answers.Dequeue();
            return answer is Exception failure ? Task.FromException<HttpResponseMessage>(failure) : Task.FromResult(new HttpResponseMessage((HttpStatusCode)answer));
        }
    }
}
