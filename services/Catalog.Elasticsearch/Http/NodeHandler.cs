using System.Net;
using System.Net.Http.Headers;

namespace Catalog.Elasticsearch.Http;

/// <summary>
/// Sends each attempt to a node: always the same one, until it fails; then the next. Takes the whole answer, so that one that breaks off halfway is
/// an attempt that failed. Every few seconds the node is asked whether it has a cluster: one that was cut off from it goes on answering reads, with what it knew.
/// </summary>
internal sealed class NodeHandler(NodeHandler.Choice choice) : DelegatingHandler
{
    private static readonly HttpRequestOptionsKey<string> Path = new("path");
    private static readonly HttpRequestOptionsKey<CancellationToken> Caller = new("caller");
    private static readonly HttpRequestOptionsKey<long> Limit = new("limit");

    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(5), CheckLimit = TimeSpan.FromSeconds(5);

    /// <summary>The nodes, and the one that is in use.</summary>
    public sealed class Choice(Uri[] nodes, TimeProvider time)
    {
        private int _current;
        private long _checked = time.GetTimestamp();

        public (Uri Node, int Turn) Current => Volatile.Read(ref _current) is var turn ? (nodes[(int)((uint)turn % nodes.Length)], turn) : default;

        // Several attempts that fail together on one node move on by one, not by their number.
        public void MoveOn(int turn) => Interlocked.CompareExchange(ref _current, turn + 1, turn);

        /// <summary>Whether the node is to be asked how it is: now and then, where there is another, and of those who ask at once only one.</summary>
        public bool IsCheckDue()
        {
            var before = Volatile.Read(ref _checked);
            return nodes.Length > 1 && time.GetElapsedTime(before) >= CheckEvery && Interlocked.CompareExchange(ref _checked, time.GetTimestamp(), before) == before;
        }
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
        if (choice.IsCheckDue()) _ = CheckAsync(request.Headers.Authorization);
        var (node, turn) = choice.Current;
        request.RequestUri = new Uri(node, request.Options.TryGetValue(Path, out var path) ? path : "");
        HttpResponseMessage? response = null;
        try
        {
            response = await base.SendAsync(request, cancellationToken);
            await response.Content.LoadIntoBufferAsync(request.Options.TryGetValue(Limit, out var limit) ? limit : int.MaxValue, cancellationToken);
            if (IsFailure(response.StatusCode)) choice.MoveOn(turn);
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

    private async Task CheckAsync(AuthenticationHeaderValue? authorization)
    {
        var (node, turn) = choice.Current;
        using var limit = new CancellationTokenSource(CheckLimit);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(node, "_cluster/health?master_timeout=2s&filter_path=status"));
        request.Headers.Authorization = authorization;
        try
        {
            // Whoever may not ask is told nothing.
            using var response = await base.SendAsync(request, limit.Token);
            if (IsFailure(response.StatusCode)) choice.MoveOn(turn);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or ObjectDisposedException)
        {
            choice.MoveOn(turn);
        }
    }

    /// <summary>Whether it is the node that fails, so that another one may do better.</summary>
    public static bool IsFailure(HttpStatusCode status) => status is HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;
}
