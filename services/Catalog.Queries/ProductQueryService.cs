using Catalog.Internal.V1;
using Catalog.Queries.Consistency;
using Catalog.Queries.Watching;
using Catalog.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Catalog.Queries;

/// <summary>The read side's gRPC service. One for the whole process: it holds the limits that all calls share.</summary>
internal sealed class ProductQueryService(IProductIndex index, IChangeFeed feed, QueriesOptions options, TimeProvider time, Stopping stopping)
    : V1.ProductQueryService.ProductQueryServiceBase
{
    private const int MaxBatch = 100, AtOnce = 25;

    // Clients of gRPC refuse messages beyond 4 MiB unless told otherwise; the rest is room for what is not products.
    private const int MaxResponseBytes = 3_500_000;

    private static readonly TimeSpan PositionPatience = TimeSpan.FromSeconds(3);

    private readonly ConsistencyGate _gate = new(index, options, time);
    private readonly Limiter _searches = new(options.MaxConcurrentSearches, options.MaxQueuedSearches, "searches");
    private readonly Limiter _lookups = new(options.MaxConcurrentLookups, options.MaxQueuedLookups, "lookups");
    private readonly ChangeWatch _watch = new(feed, index, options, time, stopping);

    public override Task<Product> GetProduct(GetProductRequest request, ServerCallContext context) =>
        Failures.Told(GetAsync(request, context), context, time);

    public override Task<BatchGetProductsResponse> BatchGetProducts(BatchGetProductsRequest request, ServerCallContext context) =>
        Failures.Told(BatchGetAsync(request, context), context, time);

    public override Task<SearchProductsResponse> SearchProducts(SearchProductsRequest request, ServerCallContext context) =>
        Failures.Told(SearchAsync(request, context), context, time);

    public override Task<SuggestProductsResponse> SuggestProducts(SuggestProductsRequest request, ServerCallContext context) =>
        Failures.Told(SuggestAsync(request, context), context, time);

    public override Task WatchProducts(
        WatchProductsRequest request, IServerStreamWriter<WatchProductsResponse> responseStream, ServerCallContext context) =>
        Failures.Told(_watch.RunAsync(request.Position, responseStream, context.CancellationToken), context, time);

    public override Task<ProjectionStatus> GetProjectionStatus(GetProjectionStatusRequest request, ServerCallContext context) =>
        Failures.Told(GetStatusAsync(context), context, time);

    private async Task<Product> GetAsync(GetProductRequest request, ServerCallContext context)
    {
        RequiredWrites? writes = null;
        if (!ProductName.TryParse(request.Name, out var id) || request.ConsistencyTokens.Count > 0)
        {
            var violations = new Violations();
            if (id is null) violations.Add("name", NameRule);
            writes = RequiredWrites.Read(request.ConsistencyTokens, violations);
            violations.ThrowIfAny();
        }
        using var turn = await BeginAsync(writes, searchable: false, _lookups, 1, context);
        return (await turn.Reader.GetAsync([id!], context.CancellationToken))[0] ?? throw CatalogError.NotFound(request.Name).ToRpcException();
    }

    private async Task<BatchGetProductsResponse> BatchGetAsync(BatchGetProductsRequest request, ServerCallContext context)
    {
        var violations = new Violations();
        Dictionary<string, int> places = new(StringComparer.Ordinal);
        if (request.Names.Count is 0 or > MaxBatch) violations.Add("names", $"must be 1 to {MaxBatch}, not {request.Names.Count}");
        for (var i = 0; i < Math.Min(request.Names.Count, MaxBatch); i++)
        {
            if (ProductName.TryParse(request.Names[i], out var id)) places.TryAdd(id, places.Count);
            else violations.Add($"names[{i}]", NameRule);
        }
        var writes = RequiredWrites.Read(request.ConsistencyTokens, violations);
        violations.ThrowIfAny();

        using var turn = await BeginAsync(writes, searchable: false, _lookups, Math.Min(places.Count, AtOnce), context);
        var products = new List<Product?>(places.Count);
        var bytes = 0L;
        foreach (var some in places.Keys.Chunk(AtOnce))
        {
            var read = await turn.Reader.GetAsync(some, context.CancellationToken);
            products.AddRange(read);
            bytes += read.Sum(product => product?.CalculateSize() ?? 0);
            // No more are read than could be sent (G10).
            if (bytes > MaxResponseBytes) throw TooLarge();
        }
        var response = new BatchGetProductsResponse();
        foreach (var name in request.Names)
        {
            if (products[places[name[ProductName.Format("").Length..]]] is { } product) response.Products.Add(product);
            else response.Missing.Add(name);
        }
        return response.CalculateSize() <= MaxResponseBytes ? response : throw TooLarge();

        static RpcException TooLarge() => CatalogError.Invalid("names", "these products together are larger than a message may be; ask for fewer at once").ToRpcException();
    }

    private async Task<SearchProductsResponse> SearchAsync(SearchProductsRequest request, ServerCallContext context)
    {
        var violations = new Violations();
        var plan = SearchRequests.Read(request, violations);
        var writes = RequiredWrites.Read(request.ConsistencyTokens, violations);
        violations.ThrowIfAny();

        using var turn = await BeginAsync(writes, searchable: true, _searches, 1, context);
        return await SearchAsync(request, plan, turn.Reader, context.CancellationToken);
    }

    private async Task<SuggestProductsResponse> SuggestAsync(SuggestProductsRequest request, ServerCallContext context)
    {
        var violations = new Violations();
        var plan = SearchRequests.Read(request, violations);
        var writes = RequiredWrites.Read(request.ConsistencyTokens, violations);
        violations.ThrowIfAny();
        var response = new SuggestProductsResponse();
        if (plan.Words.Count == 0) return response;

        using var turn = await BeginAsync(writes, searchable: true, _searches, 1, context);
        foreach (var product in await turn.Reader.SuggestAsync(plan, context.CancellationToken))
            response.Suggestions.Add(new Suggestion { Name = product.Name, Title = product.Title, Highlight = Highlighter.Suggestion(product.Title, plan.Words) });
        return response;
    }

    private async Task<ProjectionStatus> GetStatusAsync(ServerCallContext context)
    {
        // The position first: whatever happens while the status is read comes after it. While an index is built there is none: what the projectors have passed they wrote into the one
        // that serves now, and the one that takes its place may lack the last of it for a moment.
        WatchPosition? end = null;
        try
        {
            end = await _watch.GetPositionAsync(context.CancellationToken).WaitAsync(PositionPatience, time, context.CancellationToken);
        }
        catch (Exception e) when (e is IndexUnavailableException or TimeoutException)
        {
            // The queue or the index is away, which is just when people want to know the rest.
        }
        var status = await index.GetStatusAsync(context.CancellationToken);
        var now = time.GetUtcNow();
        return new ProjectionStatus
        {
            Phase = status.Phase,
            LagEvents = status.LagEvents,
            Lag = Duration.FromTimeSpan(status.OldestUnprojected is { } oldest && oldest < now ? now - oldest : TimeSpan.Zero),
            DirectSync = status.DirectSync,
            DeadLetters = status.DeadLetters,
            LogId = status.LogId,
            WatchPosition = end is null || status.Phase == ProjectionStatus.Types.Phase.Rebuilding ? "" : OpaqueText.Encode(end),
            ObserveTime = Timestamp.FromDateTimeOffset(now),
        };
    }

    private static string NameRule => $"must be products/{{product}}, where {{product}} matches {ProductName.IdPattern}";

    /// <summary>The index to read, and the right to. A read that waits for its tokens must not keep others from theirs, so it waits before it takes a slot.</summary>
    private async ValueTask<Turn> BeginAsync(RequiredWrites? writes, bool searchable, Limiter limiter, int weight, ServerCallContext context)
    {
        var caughtUp = writes is null ? null : await _gate.OpenAsync(writes, searchable, context.Deadline, context.CancellationToken);
        Limiter.Slot slot;
        try
        {
            slot = await limiter.EnterAsync(weight, context.CancellationToken);
        }
        catch
        {
            caughtUp?.Dispose();
            throw;
        }
        try
        {
            return new Turn(caughtUp ?? await index.OpenAsync(context.CancellationToken), slot);
        }
        catch
        {
            slot.Dispose();
            throw;
        }
    }

    private readonly struct Turn(IProductReader reader, Limiter.Slot slot) : IDisposable
    {
        public IProductReader Reader => reader;

        public void Dispose()
        {
            reader.Dispose();
            slot.Dispose();
        }
    }

    private async Task<SearchProductsResponse> SearchAsync(
        SearchProductsRequest request, SearchPlan plan, IProductReader reader, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        var page = await reader.SearchAsync(plan, cancellation);
        QueriesTelemetry.Searched(time.GetElapsedTime(began), plan);

        var response = new SearchProductsResponse { TotalSize = page.Total };
        for (var i = 0; i < request.Facets.Count; i++) response.Facets.Add(new Facet { Field = request.Facets[i], Values = { page.Facets[i] } });
        for (var i = 0; i < request.PriceRanges.Count; i++)
            response.PriceRanges.Add(new PriceRangeCount { Range = request.PriceRanges[i], Count = page.PriceRanges[i] });

        var highlighter = request.Highlight ? new Highlighter(plan.Text) : null;
        var room = MaxResponseBytes - response.CalculateSize();
        List<SearchResult> results;
        // Too large for one message: a shorter page, which knows where it ends. Some may be larger by now.
        while ((results = Results(page, highlighter, room)).Count < page.Products.Count)
            page = await reader.SearchAsync(plan with { PageSize = results.Count, Facets = [], PriceRanges = [] }, cancellation);
        response.Results.AddRange(results);
        response.NextPageToken = page.Next is { } next ? PageTokens.Write(next, PageTokens.HashOf(request)) : "";
        return response;
    }

    // The hits that fit into what is left of the message, at least one.
    private static List<SearchResult> Results(SearchPage page, Highlighter? highlighter, int room)
    {
        List<SearchResult> results = [];
        var bytes = 0;
        foreach (var product in page.Products)
        {
            var result = new SearchResult { Product = product };
            if (highlighter is not null) result.Highlights.AddRange(highlighter.Highlights(product));
            bytes += result.CalculateSize();
            if (bytes > room && results.Count > 0) break;
            results.Add(result);
        }
        return results;
    }
}
