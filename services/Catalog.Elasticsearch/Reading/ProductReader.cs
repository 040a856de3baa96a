using System.Text.Json;
using Catalog.Elasticsearch.Http;
using Catalog.Elasticsearch.Indices;
using Catalog.Queries;
using Catalog.V1;

namespace Catalog.Elasticsearch.Reading;

/// <summary>Reads one index, whatever is swapped in meanwhile.</summary>
/// <remarks>
/// A write is in one copy of a shard before it is in the others, and before it is acknowledged. So whoever has asked which versions there are, goes on reading in the copy that
/// said so; other reads go to any. Where that copy fails in between, or is too busy, Elasticsearch asks another without a word: each answer tells its versions too, and what is older is none.
/// </remarks>
internal sealed class ProductReader(ElasticsearchClient client, KnownIndex index) : IProductReader
{
    // One for each process, so that the query services share the copies.
    private static readonly string Copy = Guid.NewGuid().ToString("N");

    // Products that fit into a message, in base64, and the facets with the longest values that there can be: an answer beyond it would have to be cut anyway. It lies here about four
    // times, as text, as bytes and as products, for each of the searches that run.
    private const int MaxAnswerBytes = 8 * 1024 * 1024;

    private readonly Dictionary<string, long> _seen = new(StringComparer.Ordinal);
    private string? _copy;

    public string LogId => index.LogId;

    public async ValueTask<IReadOnlyList<long>> GetVersionsAsync(IReadOnlyList<string> productIds, CancellationToken cancellation)
    {
        _copy = Copy;
        var documents = await TellAsync(client.GetAsync(index.Name, productIds, source: false, _copy, cancellation));
        for (var i = 0; i < documents.Count; i++) _seen[productIds[i]] = documents[i].Found ? documents[i].Version : 0;
        return [.. productIds.Select(id => _seen[id])];
    }

    public async ValueTask<IReadOnlyList<Product?>> GetAsync(IReadOnlyList<string> productIds, CancellationToken cancellation)
    {
        var documents = await TellAsync(client.GetAsync(index.Name, productIds, source: true, _copy, cancellation));
        ThrowIfBehind(productIds, documents.Select(document => document.Version));
        return [.. documents.Select(document => document.Source?.Body is { } body ? Product.Parser.ParseFrom(body) : null)];
    }

    public async ValueTask MakeSearchableAsync(CancellationToken cancellation) => await TellAsync(Refresh(cancellation));

    public async ValueTask<SearchPage> SearchAsync(SearchPlan plan, CancellationToken cancellation)
    {
        SearchAnswer? answer;
        // How large products are is not known before, and most are small: the page is asked for as a whole, and half of it where that is too large.
        while ((answer = await TellAsync(client.SearchAsync(index.Name, json => SearchBody.Write(json, plan, _seen.Keys), _copy, plan.PageSize > 1 ? MaxAnswerBytes : int.MaxValue, cancellation))) is null)
            plan = plan with { PageSize = plan.PageSize / 2 };
        ThrowIfBehind(answer);
        var hits = answer.Hits.Hits;
        var more = hits.Count > plan.PageSize;
        var products = new Product[more ? plan.PageSize : hits.Count];
        for (var i = 0; i < products.Length; i++) products[i] = ProductOf(hits[i]);
        var next = more && products.Length > 0 ? SearchOrder.EndAt(hits[products.Length - 1].Sort!, plan.Order) : null;
        return new SearchPage(products, next, answer.Hits.Total!.Value, Facets.Read(plan, answer), Facets.ReadRanges(plan, answer));
    }

    public async ValueTask<IReadOnlyList<Product>> SuggestAsync(SuggestPlan plan, CancellationToken cancellation)
    {
        if (plan.Words.Count == 0) return [];
        var answer = await TellAsync(client.SearchAsync(index.Name, json => SearchBody.Write(json, plan, _seen.Keys), _copy, int.MaxValue, cancellation));
        ThrowIfBehind(answer!);
        return [.. answer!.Hits.Hits.Select(ProductOf)];
    }

    public void Dispose()
    {
        // An index is kept for a while after it was replaced, so nothing need be held.
    }

    private void ThrowIfBehind(SearchAnswer answer)
    {
        if (_seen.Count > 0) ThrowIfBehind(_seen.Keys, SeenVersions.Read(answer));
    }

    private void ThrowIfBehind(IEnumerable<string> productIds, IEnumerable<long> versions)
    {
        if (productIds.Zip(versions).Any(found => found.Second < _seen.GetValueOrDefault(found.First)))
            throw new IndexUnavailableException(ErrorReason.ReadNotCaughtUp, "Elasticsearch went over to a copy of the index that does not hold the write yet.", TimeSpan.FromMilliseconds(100));
    }

    private static Product ProductOf(HitAnswer hit) => Product.Parser.ParseFrom(hit.Source?.Body ?? throw new JsonException("A hit has no body."));

    private async Task<bool> Refresh(CancellationToken cancellation)
    {
        await index.RefreshAsync(cancellation);
        return true;
    }

    private static async Task<T> TellAsync<T>(Task<T> answer)
    {
        try
        {
            return await answer;
        }
        catch (ElasticsearchException e) when (e.IsMissing)
        {
            throw new IndexUnavailableException(
                ErrorReason.IndexRebuilding, "The index was replaced; the next attempt finds the new one.", TimeSpan.FromMilliseconds(100), e);
        }
    }
}
