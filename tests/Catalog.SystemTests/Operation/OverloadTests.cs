using Catalog.V1;
using Grpc.Core;

namespace Catalog.SystemTests;

/// <summary>Beyond its bounds the service refuses at once, and says when to come back (G10).</summary>
public sealed class OverloadTests : IDisposable
{
    private readonly TempFolder _folder = new();

    /// <inheritdoc />
    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Commands_beyond_the_bound_are_refused_and_write_nothing()
    {
        await using var catalog = await StartAsync("CommandDatabase__MaxWaiting", "2");
        // On one connection that is warm, so that they come together.
        await catalog.CreatedAsync();
        var creates = Enumerable.Range(0, 500).Select(_ => TestProducts.Create(and: p => p.Brand = "flood")).ToList();
        var answers = await Task.WhenAll(creates.Select(c => catalog.CallAsync(Via.Grpc, c)));

        var refused = answers.Where(a => a.Error is not null).ToList();
        Assert.NotEmpty(refused);
        Assert.All(refused, a => Assert.NotNull(a.Fails(StatusCode.ResourceExhausted, ErrorReason.Overloaded).Detail<Google.Rpc.RetryInfo>()));
        var marker = await catalog.CreatedAsync();
        var found = await catalog.Reads().SearchProductsAsync(new SearchProductsRequest { Filter = "brand = \"flood\"", ConsistencyTokens = { marker.ConsistencyToken } });
        Assert.Equal(creates.Count - refused.Count, found.TotalSize);
    }

    [Fact]
    public async Task Watches_beyond_the_bound_are_refused()
    {
        await using var catalog = await StartAsync("Queries__MaxWatchers", "1");
        using var first = await Watcher.StartAsync(catalog);
        using var second = catalog.Reads().WatchProducts(new WatchProductsRequest());
        (await Assert.ThrowsAsync<RpcException>(() => second.ResponseStream.MoveNext(CancellationToken.None))).Is(StatusCode.ResourceExhausted, ErrorReason.Overloaded);
        var created = await catalog.CreatedAsync();
        await first.TakeAsync(1, e => e.Name == created.Name);
    }

    [Theory]
    [InlineData("Queries__MaxWatchers", "0", "Queries:MaxWatchers must be between")]
    [InlineData("CommandDatabase__ConnectionString", "Server=sql", "CommandDatabase:ConnectionString is no setting of this process")]
    [InlineData("CommandDatabase__Path", "/srv/catalog.db", "CommandDatabase:Path is no setting of this process")]
    [InlineData("Commands__ActorHeadr", "x-actor", "Commands:ActorHeadr is no setting of this process; those of Commands are ActorHeader.")]
    [InlineData("Commands__ActorHeader", "x actor", "Commands:ActorHeader must be the name of a header")]
    public async Task A_setting_that_is_wrong_keeps_the_process_from_starting_and_is_named(string setting, string value, string said)
    {
        await using var process = CatalogProcess.Begin(_folder.Path, "http://127.0.0.1:0;http://127.0.0.1:0", new Dictionary<string, string>(StringComparer.Ordinal) { [setting] = value });
        Assert.NotEqual(0, await process.WaitForExitAsync(Eventually.Patience));
        Assert.Contains(said, string.Join('\n', process.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everything_that_is_wrong_with_a_section_is_named_at_once()
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["Queries__MaxTokenWait"] = "banana", ["Queries__MaxWatchers"] = "many", ["Queries__MaxQueuedSearches"] = "-1", ["Queries__X"] = "1" };
        await using var process = CatalogProcess.Begin(_folder.Path, "http://127.0.0.1:0;http://127.0.0.1:0", settings);
        Assert.NotEqual(0, await process.WaitForExitAsync(Eventually.Patience));
        var said = Assert.Single(process.Errors);
        Assert.All(new[] { "Queries:X is no setting", "MaxTokenWait must be a time", "MaxWatchers must be a whole number", "MaxQueuedSearches must be between" }, part => Assert.Contains(part, said, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_section_that_is_passed_over_though_it_may_be_meant_is_told_and_no_other()
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["Qeuries__MaxWatchers"] = "1", ["Command__MaxWaiting"] = "1", ["Kafka__Topic"] = "t", ["Query__Of"] = "somebody", ["QUERIES__MAXWATCHERS"] = "1" };
        await using var catalog = await CatalogProcess.StartAsync(_folder.Path, settings);
        Assert.Equal(["Command", "Kafka", "Qeuries"], catalog.Output.Where(line => line.Contains("passed over", StringComparison.Ordinal))
            .Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement.GetProperty("State").GetProperty("Name").GetString()!).Order(StringComparer.Ordinal));
    }

    private Task<CatalogProcess> StartAsync(string setting, string value) =>
        CatalogProcess.StartAsync(_folder.Path, new Dictionary<string, string>(StringComparer.Ordinal) { [setting] = value });
}
