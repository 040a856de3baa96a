using Catalog.Projections;
using Catalog.Queries;
using Catalog.Queries.Filtering;
using Catalog.Sqlite.Index;
using Catalog.Sqlite.Index.Searching;
using Catalog.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Catalog.Tests.Index;

/// <summary>Writing to the embedded index: what readers see of it, and what stays bounded.</summary>
public sealed class SqliteIndexWritingTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("catalog-index-");
    private readonly ListLog _log = new("log");
    private SqliteIndexSet _set = null!;
    private IndexWriter _writer = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _set = new SqliteIndexSet(_folder.FullName, _log, TimeProvider.System, NullLogger<SqliteIndexSet>.Instance);
        _writer = (IndexWriter)await _set.CreateAsync("log", Cancellation);
        await _set.SwapAsync(_writer, Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _set.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_search_sees_all_of_a_write_or_nothing()
    {
        await WriteAsync(Batch(version: 1));
        using var done = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var searches = Enumerable.Range(0, 3).Select(_ => Task.Run(() => SearchAsync(done.Token), Cancellation)).ToArray();
        for (var version = 2; version <= 150; version++) await WriteAsync(Batch(version));
        await done.CancelAsync();
        await Task.WhenAll(searches);

        // Every product of a write has its version as stock and as the beginning of its title.
        async Task SearchAsync(CancellationToken done)
        {
            using var reader = await _set.OpenAsync(Cancellation);
            for (var newest = 0L; !done.IsCancellationRequested;)
            {
                var page = await reader.SearchAsync(ProductIndexContract.Plan("lamp") with { PriceRanges = [(null, null)] }, Cancellation);
                Assert.Equal(20, page.Total);
                var version = Assert.Single(page.Products.Select(product => product.Version).Distinct());
                Assert.InRange(version, newest, 150);
                newest = version;
                var filter = ProductIndexContract.Plan($"lamp v{version}", $"stock_quantity = {version}");
                Assert.Contains((await reader.SearchAsync(filter, Cancellation)).Total, new long[] { 0, 20 });
            }
        }

        static Product[] Batch(long version) => [.. Enumerable.Range(0, 20).Select(i => Lamp(i, version, $"v{version} lamp"))];
    }

    [Fact]
    public async Task A_write_that_is_cancelled_or_fails_leaves_nothing_and_can_be_repeated()
    {
        await WriteAsync(Lamp(0));
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _writer.WriteAsync([Lamp(1)], cancelled.Token));

        var large = Lamp(2, title: "large lamp");
        large.Description = string.Join(' ', Enumerable.Range(0, 10_000).Select(i => $"word{i}"));
        _writer.File.Connection.Execute("PRAGMA max_page_count = 1");
        var failure = await Assert.ThrowsAsync<IndexUnavailableException>(async () => await WriteAsync(Lamp(0, 2, "other lamp"), large));
        Assert.Equal(ErrorReason.IndexUnavailable, failure.Reason);
        Assert.Equal(["products/p0"], (await SearchAsync("lamp")).Products.Select(product => product.Name));
        Assert.Equal(1, (await SearchAsync("lamp")).Products[0].Version);

        _writer.File.Connection.Execute("PRAGMA max_page_count = 1000000");
        await WriteAsync(Lamp(0, 2, "other lamp"), large, Lamp(1));
        Assert.Equal(3, (await SearchAsync("lamp")).Total);
        Assert.Equal(1, (await SearchAsync("other")).Total);
        Assert.Equal(1, (await SearchAsync("word9999")).Total);
    }

    [Fact]
    public async Task Values_that_no_product_has_any_more_are_forgotten()
    {
        for (var version = 1; version <= 200; version++)
        {
            var lamp = Lamp(0, version);
            lamp.Brand = $"Brand {version}";
            lamp.Categories.Add($"Category {version}");
            lamp.Attributes[$"key {version}"] = $"value {version}";
            await WriteAsync(lamp);
        }
        Assert.Equal(3, _writer.File.Terms.Count);
        await WriteAsync(RandomProducts.Tombstone("p0", 201));
        Assert.Equal(0, _writer.File.Terms.Count);
    }

    [Fact]
    public async Task The_write_ahead_log_stays_short_under_constant_searches()
    {
        var lamps = Enumerable.Range(0, 30).Select(i => Lamp(i)).ToArray();
        // Connections that were needed once and see the file as it was then.
        List<ReadConnection> idle = [];
        for (var i = 0; i < 4; i++) idle.Add(await _writer.File.Readers.RentAsync(Cancellation));
        foreach (var connection in idle) _writer.File.Readers.Return(connection, failed: false);

        using var done = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var searches = Enumerable.Range(0, 2).Select(_ => Task.Run(
            async () =>
            {
                while (!done.IsCancellationRequested) await SearchAsync("lamp");
            },
            Cancellation)).ToArray();
        var (longest, written) = (0L, 0L);
        for (var version = 1; version <= 55; version++)
        {
            // Long, without words, and different each time: what stays the same is not written again.
            foreach (var lamp in lamps) (lamp.Version, lamp.Description) = (version, new string((char)('!' + version % 10), 60_000));
            await WriteAsync(lamps);
            written += lamps.Sum(lamp => lamp.CalculateSize());
            longest = Math.Max(longest, new FileInfo(_writer.File.Path + "-wal").Length);
        }
        await done.CancelAsync();
        await Task.WhenAll(searches);
        Assert.True(written > 80 << 20);
        Assert.InRange(longest, 1, 60 << 20);
    }

    [Fact]
    public async Task A_search_whose_filter_fits_nothing_ends_too_when_nobody_waits_for_it()
    {
        await WriteAsync([.. Enumerable.Range(0, 3000).Select(i => Lamp(i))]);
        var connection = await _writer.File.Readers.RentAsync(Cancellation);
        try
        {
            var search = new Search(ProductIndexContract.Plan("", "brand = \"none\""), connection, new CancellationToken(canceled: true));
            Assert.Throws<OperationCanceledException>(() => search.Run(_writer.File.Vocabulary));
        }
        finally
        {
            _writer.File.Readers.Return(connection, failed: false);
        }
    }

    [Fact]
    public async Task The_status_says_how_far_the_index_is_behind_the_log()
    {
        var time = new DateTimeOffset(2024, 5, 6, 7, 8, 9, TimeSpan.Zero);
        for (var i = 1; i <= 5; i++)
            _log.Events.Add(new LoggedEvent(i, new ProductEvent { OccurredTime = Timestamp.FromDateTimeOffset(time.AddSeconds(i)) }.ToByteArray()));
        await _writer.SavePositionAsync(3, Cancellation);
        Assert.Equal(new IndexStatus(ProjectionStatus.Types.Phase.CatchingUp, "log", 2, time.AddSeconds(4), 0), await _set.GetStatusAsync(Cancellation));

        await _writer.SavePositionAsync(5, Cancellation);
        await _set.AddAsync(new DeadLetter(4, new byte[] { 1 }, "Bad.", time), Cancellation);
        Assert.Equal(new IndexStatus(ProjectionStatus.Types.Phase.Current, "log", 0, null, 1), await _set.GetStatusAsync(Cancellation));

        await _set.SwapAsync(await _set.CreateAsync("another log", Cancellation), Cancellation);
        Assert.Equal(new IndexStatus(ProjectionStatus.Types.Phase.Rebuilding, "log", 5, time.AddSeconds(1), 0, NextLogId: "log"), await _set.GetStatusAsync(Cancellation));

        await _set.SwapAsync(await _set.CreateAsync("log", Cancellation), Cancellation);
        Assert.Equal(ProjectionStatus.Types.Phase.CatchingUp, (await _set.GetStatusAsync(Cancellation)).Phase);
        await _set.CreateAsync("log", Cancellation);
        Assert.Equal(ProjectionStatus.Types.Phase.Rebuilding, (await _set.GetStatusAsync(Cancellation)).Phase);
    }

    [Fact]
    public async Task A_word_is_taken_for_the_nearest_of_too_many()
    {
        const string letters = "abcdefghijklmnopqrstuvwxyz";
        string[] nearer = [.. letters.Take(20).Select(letter => "lampsh" + letter + "de")];
        string[] farther = [.. letters.SelectMany(letter => letters.Take(5), (one, two) => $"l{one}mpsha{two}e").Except(nearer)];
        await WriteAsync([.. nearer.Concat(farther).Select((title, number) => Lamp(number, title: title))]);
        var page = await SearchAsync("lampshade");
        Assert.Equal(51, page.Total);
        Assert.Equal("lampshade", page.Products[0].Title);
        Assert.Superset(nearer.ToHashSet(StringComparer.Ordinal), page.Products.Select(product => product.Title).ToHashSet(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Dead_letters_of_an_index_that_is_being_built_are_there_when_it_serves()
    {
        var next = await _set.CreateAsync("log", Cancellation);
        await _set.AddAsync(new DeadLetter(8, new byte[] { 1 }, "Bad.", DateTimeOffset.UnixEpoch), Cancellation);
        await _set.AddAsync(new DeadLetter(8, new byte[] { 2 }, "Worse.", DateTimeOffset.UnixEpoch), Cancellation);
        await _set.SwapAsync(next, Cancellation);
        Assert.Equal("Worse.", Assert.Single(await _set.ReadAsync(0, 10, Cancellation)).Reason);
        Assert.Empty(await _set.ReadAsync(8, 10, Cancellation));
    }

    private async Task WriteAsync(params Product[] products) => Assert.Empty((await _writer.WriteAsync(products, Cancellation)).Rejected);

    private async Task<SearchPage> SearchAsync(string query)
    {
        using var reader = await _set.OpenAsync(Cancellation);
        return await reader.SearchAsync(ProductIndexContract.Plan(query), Cancellation);
    }

    private static Product Lamp(int number, long version = 1, string title = "lamp") => new()
    {
        Name = $"products/p{number}", Sku = $"sku-{number}", Title = title, Version = version, StockQuantity = version, State = Product.Types.State.Active,
    };
}
