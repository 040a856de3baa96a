using Catalog.Projections;
using Catalog.Queries;
using Catalog.Sqlite.Index;
using Catalog.Tests.Index;
using CsCheck;
using Microsoft.Extensions.Logging.Abstractions;

namespace Catalog.Tests.Elasticsearch;

/// <summary>Both indices put the same first.</summary>
public sealed class RankingParityTests
{
    private static readonly SortBy[] Relevance = [new(Field: null, Descending: true)];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Searches_by_relevance_and_suggestions_are_the_same_as_in_the_embedded_index()
    {
        await using var server = TestElasticsearch.Start();
        using var folder = new TempFolder();
        await using var embedded = new SqliteIndexSet(folder.Path, new ListLog("log-1"), TimeProvider.System, NullLogger<SqliteIndexSet>.Instance);
        var products = RandomProducts.Many(150).Single();
        foreach (var indices in (IIndexSet[])[server.Indices, embedded])
        {
            var index = await indices.CreateAsync("log-1", Cancellation);
            await index.WriteAsync(products, Cancellation);
            await indices.SwapAsync(index, Cancellation);
        }
        using var there = await server.Index.OpenAsync(Cancellation);
        using var here = await embedded.OpenAsync(Cancellation);

        var queries = Gen.Select(RandomProducts.Text, Gen.Bool, Gen.Bool, Gen.Int[1, 30]);
        await queries.SampleAsync(
            async (text, quoted, prefix, size) =>
            {
                prefix &= Tokenizer.Tokens(text).LastOrDefault().Term is { Length: > 0 };
                var query = quoted ? $"\"{text}\" drill" : prefix ? text + "*" : text;
                var plan = ProductIndexContract.Plan(query) with { Order = Relevance, PageSize = size };
                for (var page = 0; page < 4 && plan is not null; page++)
                {
                    var (expected, found) = (await here.SearchAsync(plan, Cancellation), await there.SearchAsync(plan, Cancellation));
                    Assert.Equal(expected.Products.Select(product => product.Name), found.Products.Select(product => product.Name));
                    Assert.Equal(expected.Total, found.Total);
                    Assert.Equal(expected.Next is null, found.Next is null);
                    // Ranks differ by a constant; each index goes on from its own.
                    if (found.Next is null) break;
                    var (next, other) = (await here.SearchAsync(plan with { After = expected.Next }, Cancellation), await there.SearchAsync(plan with { After = found.Next }, Cancellation));
                    Assert.Equal(next.Products.Select(product => product.Name), other.Products.Select(product => product.Name));
                    plan = plan with { PageSize = plan.PageSize + size };
                }

                var words = new SuggestPlan([.. Tokenizer.Tokens(text).Select(token => token.Term)], size);
                Assert.Equal(
                    (await here.SuggestAsync(words, Cancellation)).Select(product => product.Name), (await there.SuggestAsync(words, Cancellation)).Select(product => product.Name));
            },
            iter: 200, threads: 1);
    }
}
