using Catalog.Projections;
using Catalog.Queries;
using Catalog.Queries.Filtering;
using Catalog.V1;

namespace Catalog.Tests.Index;

/// <summary>What every index does, whatever it is made of. A subclass says how to get one.</summary>
public abstract partial class ProductIndexContract : IAsyncLifetime
{
    protected const string LogId = "log-1";

    internal IIndexSet Indices { get; private set; } = null!;

    internal IProductIndex Index { get; private set; } = null!;

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>How often random tests try.</summary>
    protected virtual int Samples => 100;

    /// <summary>An index set without any index.</summary>
    protected abstract ValueTask<(IIndexSet Indices, IProductIndex Index)> StartAsync();

    /// <summary>Removes it.</summary>
    protected abstract ValueTask StopAsync();

    public virtual async ValueTask InitializeAsync()
    {
        (Indices, Index) = await StartAsync();
        await Indices.SwapAsync(await Indices.CreateAsync(LogId, Cancellation), Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        GC.SuppressFinalize(this);
    }

    protected async Task<IReadOnlyList<RejectedProduct>> WriteAsync(params IReadOnlyList<Product> products) =>
        (await (await WriterAsync()).WriteAsync(products, Cancellation)).Rejected;

    internal async Task<IIndexWriter> WriterAsync() => await Indices.GetCurrentAsync(Cancellation) ?? throw new InvalidOperationException("No index serves.");

    internal async Task<SearchPage> SearchAsync(SearchPlan plan)
    {
        using var reader = await Index.OpenAsync(Cancellation);
        await reader.MakeSearchableAsync(Cancellation);
        return await reader.SearchAsync(plan, Cancellation);
    }

    /// <summary>The ids of what a query finds, best first.</summary>
    protected async Task<string[]> FindAsync(string query, string filter = "") => Ids((await SearchAsync(Plan(query, filter))).Products);

    protected async Task<Product?> GetAsync(string id)
    {
        using var reader = await Index.OpenAsync(Cancellation);
        return (await reader.GetAsync([id], Cancellation))[0];
    }

    protected async Task<long> VersionAsync(string id)
    {
        using var reader = await Index.OpenAsync(Cancellation);
        return (await reader.GetVersionsAsync([id], Cancellation))[0];
    }

    protected static string[] Ids(IEnumerable<Product> products) => [.. products.Select(RandomProducts.IdOf)];

    internal static SearchPlan Plan(string query = "", string filter = "", params IReadOnlyList<SortBy> order)
    {
        Assert.True(SearchText.TryParse(query, out var text, out var problem), problem);
        Assert.True(FilterParser.TryParse(filter, out var expression, out problem), problem);
        return new SearchPlan
        {
            Text = text,
            Filter = expression,
            Order = order.Count > 0 ? order : [text.Count > 0 ? new SortBy(null, Descending: true) : By(FieldKind.Name)],
            PageSize = 100,
        };
    }

    internal static SortBy By(FieldKind field, bool descending = false) => new(new Field(field), descending);
}
