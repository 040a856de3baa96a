using System.Net;

namespace Catalog.Elasticsearch.Http;

/// <summary>
/// Sends each attempt to a node: always the same one, until it fails; then the next. Takes the whole answer, so that one that breaks off halfway is
/// an attempt that failed.
/// </summary>
internal sealed class NodeHandler(NodeHandler.Choice choice) : DelegatingHandler
{
    private static readonly HttpRequestOptionsKey<string> Path = new("path");
    private static readonly HttpRequestOptionsKey<CancellationToken> Caller = new("caller");
    private static readonly HttpRequestOptionsKey<long> Limit = new("limit");

    /// <summary>The nodes, and the one that is in use.</summary>
    public sealed class Choice(Uri[] nodes)
    {
        private int _current;

        public (Uri Node, int Turn) Current => Volatile.Read(ref _current) is var turn ? (nodes[(int)((uint)turn % nodes.Length)], turn) : default;

        // Several attempts that fail together on one node move on by one, not by their number.
        public void MoveOn(int turn) => Interlocked.CompareExchange(ref _current, turn + 1, turn);
    }

    /// <summary>The answer is larger than its request allows. It was not read to its end, and is not asked for again.</summary>
    public sealed class TooLargeException : Exception;

    /// <summary>A request to whichever node is in use, whose answer may have so many bytes.</summary>
    public static HttpRequestMessage Request(HttpMethod method, string path, CancellationToken caller, long limit = int.MaxValue)
    {
        var request = new HttpRequestMessage(method, new Uri("http://elasticsearch/"));
        request.Options.Set(Path, path);
        request.Options.Set(Caller, caller);
        request.Options.Set(Limit, limit);
        return request;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var (node, turn) = choice.Current;
        request.RequestUri = new Uri(node, request.Options.TryGetValue(Path, out var path) ? path : "");
        HttpResponseMessage? response = null;
        try
        {
            response = await base.SendAsync(request, cancellationToken);
            await response.Content.LoadIntoBufferAsync(request.Options.TryGetValue(Limit, out var limit) ? limit : int.MaxValue, cancellationToken);
            if (response.StatusCode is HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout) choice.MoveOn(turn);
            return response;
        }
        catch (HttpRequestException e) when (response is not null && e.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            response.Dispose();
            throw new TooLargeException();
        }
        catch (Exception e)
        {
            response?.Dispose();
            // A caller who gives up says nothing about the node.
            if (!(request.Options.TryGetValue(Caller, out var caller) && caller.IsCancellationRequested)) choice.MoveOn(turn);
            // A connection that takes too long to make looks as if somebody had cancelled the request.
            if (e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
                throw new HttpRequestException("The node cannot be connected to in time.", e);
            throw;
        }
    }
}
