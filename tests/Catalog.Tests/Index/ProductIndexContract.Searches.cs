using Catalog.Queries;
using Catalog.Queries.Filtering;
using Catalog.Tests.Queries.Filtering;
using CsCheck;

namespace Catalog.Tests.Index;

public abstract partial class ProductIndexContract
{
    private static readonly Gen<Field> FacetField = Gen.OneOf(
        Gen.OneOf(new Field(FieldKind.Brand), new Field(FieldKind.Categories), new Field(FieldKind.State), new Field(FieldKind.CurrencyCode)),
        RandomProducts.Key.Select(key => new Field(FieldKind.Attribute, key)));

    private static readonly Gen<SortBy> AnySort = Gen.Select(
        Gen.OneOf(
            FieldKind.Name, FieldKind.Sku, FieldKind.Title, FieldKind.Brand, FieldKind.Price, FieldKind.StockQuantity, FieldKind.CreateTime, FieldKind.UpdateTime),
        Gen.Bool, By);

    private static readonly Gen<(long? From, long? To)> AnyRange = Gen.Select(Gen.Long[0, 60], Gen.Long[0, 60], Gen.Int[0, 3]).Select((from, to, open) =>
        ((open & 1) == 0 ? from * 1_000_000_000 : (long?)null, (open & 2) == 0 ? to * 1_000_000_000 : (long?)null));

    private static readonly Gen<TextClause> AnyClause = RandomProducts.Text.Where(text => Tokenizer.Tokens(text).Any()).SelectMany(text =>
    {
        string[] terms = [.. Tokenizer.Tokens(text).Select(token => token.Term)];
        return Gen.OneOf(
            Gen.Int[0, 2].Select(typos => (TextClause)new TextClause.Word(terms[0], Math.Min(typos, SearchText.TyposOf(terms[0])))),
            Gen.Int[1, terms[0].Length].Where(length => !char.IsHighSurrogate(terms[0][length - 1])).Select(length => (TextClause)new TextClause.Prefix(terms[0][..length])),
            Gen.Const((TextClause)new TextClause.Phrase([.. terms.Take(3)])));
    });

    internal static readonly Gen<SearchPlan> AnyPlan =
        from text in AnyClause.Array[0, 2]
        from filter in Gen.OneOf(Gen.Const((FilterExpression?)null), RandomFilters.Any.Select(filter => (FilterExpression?)filter))
        from order in AnySort.Array[1, 3]
        from facets in FacetField.Array[0, 4]
        from limit in Gen.Int[1, 4]
        from ranges in AnyRange.Array[0, 3]
        from size in Gen.Int[1, 40]
        select new SearchPlan { Text = text, Filter = filter, Order = order, Facets = [.. facets.Distinct()], FacetLimit = limit, PriceRanges = ranges, PageSize = size };

    [Fact]
    public async Task Any_search_finds_counts_and_orders_what_the_plain_way_does()
    {
        var products = RandomProducts.Many(150).Single();
        await WriteAsync(products);
        await AnyPlan.SampleAsync(
            async plan =>
            {
                var expected = ReferenceSearch.Find(products, plan);
                var found = new List<V1.Product>();
                for (PageEnd? after = null; ;)
                {
                    var page = await SearchAsync(plan with { After = after });
                    found.AddRange(page.Products);
                    Assert.Equal(expected.Count, page.Total);
                    for (var i = 0; i < plan.Facets.Count; i++)
                        Assert.Equal(ReferenceSearch.Count(expected, plan.Facets[i]).Take(plan.FacetLimit), page.Facets[i].Select(value => (value.Value, value.Count)));
                    Assert.Equal(plan.PriceRanges.Select(range => ReferenceSearch.Count(expected, range)), page.PriceRanges);
                    if (page.Next is null) break;
                    Assert.Equal(plan.PageSize, page.Products.Count);
                    after = page.Next;
                }
                Assert.Equal(Ids(expected), Ids(found));
                Assert.Equal(expected, found);
            },
            iter: Samples * 10, threads: 1, print: plan => $"{plan} text [{string.Join(", ", plan.Text)}] order [{string.Join(", ", plan.Order)}]");
    }

    [Fact]
    public async Task A_filter_agrees_with_the_reference_on_every_product()
    {
        var products = RandomProducts.Many(60).Single();
        await WriteAsync(products);
        await RandomFilters.Any.SampleAsync(
            async filter =>
            {
                var page = await SearchAsync(Plan() with { Filter = filter });
                Assert.Equal(Ids(products.Where(product => filter.Matches(product)).OrderBy(product => product.Name, StringComparer.Ordinal)), Ids(page.Products));
            },
            iter: Samples * 10, threads: 1);
    }

    [Fact]
    public async Task A_page_of_large_products_ends_early_and_the_next_goes_on_from_there()
    {
        string[] ids = [.. Enumerable.Range(0, 12).Select(i => $"p{i:00}")];
        var prose = string.Concat(Enumerable.Repeat("brass ", 120_000));
        foreach (var id in ids)
        {
            var product = Titled(id, "lamp");
            product.Description = prose;
            await WriteAsync(product);
        }
        List<string> found = [];
        var plan = Plan() with { Facets = [new Field(FieldKind.State)] };
        do
        {
            var page = await SearchAsync(plan);
            Assert.InRange(page.Products.Sum(product => product.CalculateSize()), 1, 8 * 1024 * 1024 * 3 / 4);
            Assert.Equal((12, 12), (page.Total, page.Facets[0].Single().Count));
            found.AddRange(Ids(page.Products));
            plan = plan with { After = page.Next };
        }
        while (plan.After is not null);
        Assert.Equal(ids, found);
    }

    [Fact]
    public async Task A_search_that_nobody_waits_for_any_more_ends()
    {
        await WriteAsync([.. Enumerable.Range(0, 100).Select(i => Titled($"p{i}", "lamp"))]);
        using var reader = await Index.OpenAsync(Cancellation);
        await reader.MakeSearchableAsync(Cancellation);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await reader.SearchAsync(Plan("lamp"), cancelled.Token));
        Assert.Equal(100, (await reader.SearchAsync(Plan("lamp"), Cancellation)).Total);
    }
}
