using System.Text;
using Catalog.Queries;
using Catalog.Queries.Filtering;
using Catalog.Sqlite.Index.Documents;
using Catalog.Sqlite.Index.Text;
using Catalog.V1;

namespace Catalog.Sqlite.Index.Searching;

/// <summary>
/// Titles that hold the words typed so far, the last as the beginning of one. Those that begin with them come first, then those of which more was
/// typed already, then by title.
/// </summary>
internal static class Suggestions
{
    private static readonly Field Title = new(FieldKind.Title);

    public static IReadOnlyList<Product> Find(SuggestPlan plan, ReadConnection connection, CancellationToken cancellation)
    {
        if (plan.Words.Count == 0) return [];
        var query = FtsQuery.All([.. plan.Words.SkipLast(1).Select(FtsQuery.Quote), FtsQuery.Prefix(plan.Words[^1])]);
        var typed = Encoding.UTF8.GetBytes(string.Join(' ', plan.Words));
        var top = new TopHits(plan.Limit, new HitOrder([new SortBy(null, Descending: true), new SortBy(Title, Descending: false)]));
        foreach (var row in connection.Match(FtsQuery.Within(Columns.Title, query)))
        {
            if (connection.Docs[row] is not { } doc) continue;
            top.Offer(new Hit(doc, row, Rank(doc, typed, plan.Words.Count)));
            if ((top.Offered & 0xfff) == 0) cancellation.ThrowIfCancellationRequested();
        }
        return [.. top.Take().Select(hit => connection.ProductAt(hit.Row, out _))];
    }

    private static double Rank(Doc doc, ReadOnlySpan<byte> typed, int words)
    {
        var begins = doc.SortKey(Title, stackalloc byte[SortText.MaxBytes]).StartsWith(typed);
        return (begins ? 1 : 0) + words / (double)(1 + Math.Max(words, doc.TitleWords));
    }
}
