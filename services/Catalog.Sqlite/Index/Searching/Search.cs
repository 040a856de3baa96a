using System.Text;
using Catalog.Queries;
using Catalog.Sqlite.Index.Documents;
using Catalog.Sqlite.Index.Text;
using Catalog.V1;

namespace Catalog.Sqlite.Index.Searching;

/// <summary>
/// One search: the full text index gives the rows, everything else is decided in memory, in one pass over them; only the products of the page are
/// read.
/// </summary>
internal sealed class Search
{
    private readonly SearchPlan _plan;
    private readonly ReadConnection _connection;
    private readonly CancellationToken _cancellation;
    private readonly Func<Doc, bool> _filter;
    private readonly HitOrder _order;
    private readonly byte[] _afterId;
    private readonly FacetCounter _facets;
    private readonly TopHits _top;
    private long _total, _seen;

    public Search(SearchPlan plan, ReadConnection connection, CancellationToken cancellation)
    {
        _plan = plan;
        _connection = connection;
        _cancellation = cancellation;
        _filter = DocFilter.Compile(plan.Filter);
        _order = new HitOrder(plan.Order);
        _afterId = Encoding.UTF8.GetBytes(plan.After?.ProductId ?? "");
        _facets = new FacetCounter(plan);
        _top = new TopHits(plan.PageSize, _order);
    }

    public SearchPage Run(Vocabulary vocabulary)
    {
        if (_plan.Text.Count > 0) CollectMatches(vocabulary);
        else CollectAll();
        var hits = _top.Take();
        var products = new List<Product>(hits.Length);
        for (long bytes = 0; products.Count < hits.Length;)
        {
            var product = _connection.ProductAt(hits[products.Count].Row, out var size);
            if ((bytes += size) > SearchPlan.MaxBytes && products.Count > 0) break;
            products.Add(product);
        }
        var next = _top.Offered > products.Count && products.Count > 0 ? _order.EndAt(hits[products.Count - 1]) : null;
        return new SearchPage(products, next, _total, _facets.Facets(), _facets.Ranges);
    }

    private void CollectMatches(Vocabulary vocabulary)
    {
        var ranked = _plan.Order.Any(by => by.Field is null);
        using var matches = TextSearch.Run(_connection, vocabulary, _plan.Text, ranked, _cancellation);
        var docs = _connection.Docs;
        var rows = matches.Rows;
        for (var i = 0; i < rows.Length; i++)
            if (docs[rows[i]] is { } doc) Collect(new Hit(doc, rows[i], matches.Rank(i, doc.TitleWords)));
    }

    private void CollectAll()
    {
        var docs = _connection.Docs;
        for (var row = 0; row < docs.End; row++)
            if (docs[row] is { } doc) Collect(new Hit(doc, row, 0));
    }

    private void Collect(Hit hit)
    {
        // Before the filter, which can be long and fit nothing.
        if ((++_seen & 0x3ff) == 0) _cancellation.ThrowIfCancellationRequested();
        if (!_filter(hit.Doc)) return;
        _total++;
        _facets.Add(hit.Doc);
        if (_plan.After is null || _order.IsBehind(hit, _plan.After, _afterId)) _top.Offer(hit);
    }
}
