using System.Net;
using Catalog.Elasticsearch;
using Catalog.Elasticsearch.Http;
using Microsoft.Extensions.DependencyInjection;

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

    private static HttpMessageInvoker Invoker(Node node) =>
        new(new NodeHandler(new NodeHandler.Choice([new Uri("http://one/"), new Uri("https://two:9200/es/")])) { InnerHandler = node });

    private sealed class Node(Queue<object> answers) : HttpMessageHandler
    {
        public List<Uri> Asked { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Asked.Add(request.RequestUri!);
            var answer = answers.Dequeue();
            return answer is Exception failure ? Task.FromException<HttpResponseMessage>(failure) : Task.FromResult(new HttpResponseMessage((HttpStatusCode)answer));
        }
    }
}
