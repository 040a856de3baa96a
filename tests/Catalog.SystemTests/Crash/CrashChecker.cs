using Catalog.V1;
using Google.Protobuf;
using Change = Catalog.V1.ProductEvent.ChangeOneofCase;
using Outcome = Catalog.V1.ImportRowResult.Types.Outcome;
using State = Catalog.V1.Product.Types.State;

namespace Catalog.SystemTests.Crash;

/// <summary>
/// Holds what the catalog says to what its clients were told. It follows the log of events, which must tell of every acknowledged command once, of nothing else, and
/// for each product without a hole; and it reads the index, which must equal the log's end.
/// </summary>
/// <param name="journal">What was sent.</param>
/// <param name="partitions">
/// In how many parts changes come. Of one log everything comes in order, and a read that follows a write follows all writes before it. Of several each product's changes do, and
/// the index is as far as the slowest part.
/// </param>
internal sealed class CrashChecker(CommandJournal journal, int partitions = 1)
{
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(120);

    private readonly Dictionary<string, ProductEvent> _newest = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _owners = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Name, long Version), string> _etags = [];
    private readonly HashSet<string> _seenCommands = new(StringComparer.Ordinal);
    private readonly HashSet<string> _touched = new(StringComparer.Ordinal);
    private long _position;
    private string _watchPosition = "";

    /// <summary>Events that were checked.</summary>
    public int Events { get; private set; }

    public async Task BeginAsync(ICatalogUnderTest catalog) =>
        _watchPosition = (await catalog.Reads().GetProjectionStatusAsync(new GetProjectionStatusRequest())).WatchPosition;

    /// <summary>Checks everything that was sent since the last time. Every command must be settled.</summary>
    /// <param name="catalog">The catalog.</param>
    /// <param name="round">The round.</param>
    /// <param name="isRebuilding">Whether a rebuild was killed, which the status takes to be at work for a minute.</param>
    public async Task CheckAsync(ICatalogUnderTest catalog, int round, bool isRebuilding = false)
    {
        var marker = await CrashClient.CreateAsync(journal, catalog, $"marker-{round}");
        var acknowledged = journal.Commands.Values.Where(c => c.Receipt is not null).ToLookup(c => (c.Receipt!.Name, c.Receipt.Version));

        using var watch = await Watcher.StartAsync(catalog, _watchPosition);
        foreach (var happened in await ReadAllAsync(watch)) Follow(happened, [.. acknowledged[(happened.Name, happened.Version)]]);
        _watchPosition = watch.Position;

        foreach (var sent in journal.Commands.Values) CheckAcknowledged(sent);
        foreach (var row in journal.Rows.Values) CheckRow(row);
        await CheckIndexAsync(catalog, _touched, marker.ConsistencyToken, isRebuilding);
        _touched.Clear();
        journal.Commands.Clear();
        journal.Rows.Clear();
        journal.Written.Clear();
        journal.Deleted.Clear();
        _seenCommands.Clear();
    }

    /// <summary>Checks every product that there ever was.</summary>
    public Task CheckAllAsync(ICatalogUnderTest catalog, string token, bool isRebuilding = false) => CheckIndexAsync(catalog, _newest.Keys, token, isRebuilding);

    /// <summary>Reads until everything was seen that anyone was told of. What it shows besides, nobody was told of, and that is found out.</summary>
    private async Task<IEnumerable<ProductEvent>> ReadAllAsync(Watcher watch)
    {
        var told = journal.Commands.Values.Where(c => c.Receipt is not null).Select(c => (c.Receipt!.Name, c.Receipt.Version))
            .Concat(journal.Rows.Values.Where(r => r.Result is not null).Select(r => (r.Result!.Name, r.Result.Version)))
            .Where(t => t.Version > (_newest.GetValueOrDefault(t.Name)?.Version ?? 0)).ToHashSet();
        for (var seen = 0; ; await watch.ReadAsync())
        {
            for (; seen < watch.Seen.Count; seen++) told.Remove((watch.Seen[seen].Name, watch.Seen[seen].Version));
            if (told.Count == 0) break;
        }
        foreach (var product in watch.Seen.GroupBy(e => e.Name, StringComparer.Ordinal))
            Assert.True(product.Zip(product.Skip(1)).All(pair => pair.First.Version < pair.Second.Version), $"{product.Key} was shown backwards, or twice");
        return partitions == 1 ? watch.Seen : watch.Seen.OrderBy(e => e.Position);
    }

    private void Follow(ProductEvent happened, List<SentCommand> acknowledged)
    {
        Events++;
        Assert.True(happened.Position > _position, $"{happened} comes after position {_position}");
        _position = happened.Position;
        var before = _newest.GetValueOrDefault(happened.Name);
        Assert.True(happened.Version == (before?.Version ?? 0) + 1, $"{happened} follows {before}");
        FollowSku(happened, before);

        if (happened.ChangeCase == Change.StockAdjusted) Assert.Equal((before?.Product.StockQuantity ?? 0) + happened.StockAdjusted.Delta, happened.Product.StockQuantity);
        else if (happened.ChangeCase != Change.Deleted) Assert.Equal(before?.Product.StockQuantity ?? 0, happened.Product.StockQuantity);
        Assert.InRange(happened.Product.StockQuantity, 0, long.MaxValue);

        var causes = acknowledged.Where(c => Caused(c.Request, happened)).ToList();
        if (causes.Count == 0)
        {
            Assert.True(journal.Rows.TryGetValue(happened.Product.Title, out var row) && row.Row.ProductId == happened.Name["products/".Length..], $"nobody was told of {happened}");
            Assert.True(_seenCommands.Add(happened.Product.Title), $"{happened} happened twice");
        }
        else
        {
            // Of the commands that say nothing of themselves in the event, those that changed nothing tell the same version.
            if (happened.ChangeCase is not (Change.Activated or Change.Discontinued)) Assert.Single(causes);
            Assert.All(causes, c => Assert.Equal(happened.Product.Etag, c.Receipt!.Etag));
            foreach (var cause in causes) Assert.True(_seenCommands.Add(cause.RequestId), $"{cause.Request} happened twice");
            if (causes.Count == 1 && Etag(causes[0].Request) is { Length: > 0 } etag) Assert.Equal(before!.Product.Etag, etag);
        }
        _newest[happened.Name] = happened;
        _etags[(happened.Name, happened.Version)] = happened.Product.Etag;
        _touched.Add(happened.Name);
    }

    private void FollowSku(ProductEvent happened, ProductEvent? before)
    {
        if (before is { Product.Sku.Length: > 0 }) _owners.Remove(before.Product.Sku);
        if (happened.Product.Sku.Length > 0) Assert.True(_owners.TryAdd(happened.Product.Sku, happened.Name), $"{happened} has the SKU of {_owners.GetValueOrDefault(happened.Product.Sku)}");
    }

    private void CheckAcknowledged(SentCommand sent)
    {
        Assert.False(sent.IsUnknown);
        if (sent.Receipt is not { } receipt) return;
        Assert.True(_etags.TryGetValue((receipt.Name, receipt.Version), out var etag) && etag == receipt.Etag, $"{receipt} tells a version that is not there");
        // A command that changes nothing makes no event, and only these can be so.
        if (sent.Request is ActivateProductRequest or DiscontinueProductRequest) return;
        Assert.True(_seenCommands.Contains(sent.RequestId), $"{sent.Request} was acknowledged with {receipt} and did not happen");
    }

    private void CheckRow(SentRow sent)
    {
        Assert.True(sent.Result is { Outcome: Outcome.Created or Outcome.Updated or Outcome.Unchanged }, $"{sent.Row} was answered {sent.Result}");
        var newest = _newest[sent.Result!.Name];
        Assert.Equal((sent.Row.Title, sent.Result.Version), (newest.Product.Title, newest.Version));
    }

    private async Task CheckIndexAsync(ICatalogUnderTest catalog, IReadOnlyCollection<string> names, string token, bool isRebuilding)
    {
        if (partitions > 1) await Eventually.NothingMissingAsync("the index has caught up", () => BehindAsync(catalog, names, isRebuilding), Settling);
        foreach (var some in names.Chunk(100))
        {
            var expected = some.Select(n => _newest[n].Product).ToList();
            var read = await catalog.Reads().BatchGetProductsAsync(new BatchGetProductsRequest { Names = { some }, ConsistencyTokens = { token } });
            Assert.Equal(expected.Where(p => p.State != State.Deleted), read.Products);
            Assert.Equal(expected.Where(p => p.State == State.Deleted).Select(p => p.Name), read.Missing);
        }
        var live = _newest.Values.Count(e => e.Product.State != State.Deleted);
        Assert.Equal(live, (await catalog.Reads().SearchProductsAsync(new SearchProductsRequest { Filter = "brand = \"crash\"", ConsistencyTokens = { token } })).TotalSize);
        ProjectionStatus status = null!;
        // Of several parts the status is told once a second.
        await Eventually.TrueAsync("nothing is behind any more", async () =>
            (status = await catalog.Reads().GetProjectionStatusAsync(new GetProjectionStatusRequest())).LagEvents == 0, partitions > 1 ? Settling : TimeSpan.Zero);
        Assert.Equal(0, status.DeadLetters);
    }

    /// <summary>What is behind, for people; null if nothing is.</summary>
    private async Task<string?> BehindAsync(ICatalogUnderTest catalog, IReadOnlyCollection<string> names, bool isRebuilding)
    {
        var status = await catalog.Reads().GetProjectionStatusAsync(new GetProjectionStatusRequest());
        if (status.Phase != ProjectionStatus.Types.Phase.Current && !(isRebuilding && status.Phase == ProjectionStatus.Types.Phase.Rebuilding)) return $"{status}";
        foreach (var some in names.Chunk(100))
        {
            var live = some.Select(n => _newest[n].Product).Where(p => p.State != State.Deleted).Select(p => (p.Name, p.Version)).ToList();
            var read = (await catalog.Reads().BatchGetProductsAsync(new BatchGetProductsRequest { Names = { some } })).Products.Select(p => (p.Name, p.Version)).ToList();
            if (!read.SequenceEqual(live)) return $"{string.Join(", ", live.Except(read).Take(5))} instead of {string.Join(", ", read.Except(live).Take(5))}; {status}";
        }
        return null;
    }

    private static bool Caused(IMessage request, ProductEvent happened) => request switch
    {
        CreateProductRequest create => happened.ChangeCase == Change.Created && happened.Product.Title == create.RequestId,
        UpdateProductRequest update => happened.ChangeCase == Change.Updated && happened.Product.Title == update.RequestId,
        ChangePriceRequest price => happened.ChangeCase == Change.PriceChanged && happened.Product.Price.Equals(price.Price),
        AdjustStockRequest stock => happened.ChangeCase == Change.StockAdjusted && happened.StockAdjusted.Reason == stock.RequestId && happened.StockAdjusted.Delta == stock.Delta,
        ActivateProductRequest => happened.ChangeCase == Change.Activated,
        DiscontinueProductRequest => happened.ChangeCase == Change.Discontinued,
        DeleteProductRequest => happened.ChangeCase == Change.Deleted,
        _ => false,
    };

    private static string Etag(IMessage request) => request switch
    {
        UpdateProductRequest update => update.Product.Etag,
        ChangePriceRequest price => price.Etag,
        AdjustStockRequest stock => stock.Etag,
        ActivateProductRequest activate => activate.Etag,
        DiscontinueProductRequest discontinue => discontinue.Etag,
        DeleteProductRequest delete => delete.Etag,
        _ => "",
    };
}
