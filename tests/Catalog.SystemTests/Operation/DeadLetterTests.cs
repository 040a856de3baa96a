using System.Text.RegularExpressions;
using Catalog.V1;

namespace Catalog.SystemTests;

/// <summary>An event that cannot be read is set aside, and everything else flows (G9).</summary>
public sealed class DeadLetterTests : IDisposable
{
    private readonly TempFolder _folder = new();

    /// <inheritdoc />
    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_damaged_event_is_set_aside_and_counted_and_everything_else_flows()
    {
        var damaged = await DamageAsync();
        await using var catalog = await CatalogProcess.StartAsync(_folder.Path);
        await Eventually.TrueAsync("the damaged event is counted", async () => await StatusAsync(catalog) is { DeadLetters: 1, Phase: ProjectionStatus.Types.Phase.Current });

        foreach (var (receipt, title) in damaged.Others) Assert.Equal(title, (await catalog.GetAsync(receipt)).Title);
        Assert.Contains(catalog.Output, line => line.Contains("was set aside", StringComparison.Ordinal));
        var metrics = await catalog.Rest.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        Assert.Contains("catalog_projector_dead_letters_total", metrics, StringComparison.Ordinal);
        // The names that the chart's alerts ask for.
        await Eventually.TrueAsync("it is told of as on a cluster", async () =>
        {
            metrics = await catalog.Rest.GetStringAsync(new Uri("/metrics", UriKind.Relative));
            return new[] { "catalog_projector_dead_letters_waiting", "catalog_projector_lag", "catalog_projector_lag_time_seconds" }.Zip("100").All(m =>
                Regex.IsMatch(metrics, $@"^{m.First}(\{{[^}}]*\}})? {m.Second}( |$)", RegexOptions.Multiline));
        });
        // The next change of the product carries all of it, so nothing is missing any more.
        var healed = await catalog.Writes().ChangePriceAsync(new ChangePriceRequest { Name = damaged.Receipt.Name, Price = TestProducts.Usd(1) });
        Assert.Equal("the victim", (await catalog.GetAsync(healed)).Title);
    }

    [Fact]
    public async Task Replaying_tells_what_is_left()
    {
        await DamageAsync();
        await using var catalog = await CatalogProcess.StartAsync(_folder.Path);
        await Eventually.TrueAsync("the damaged event is counted", async () => (await StatusAsync(catalog)).DeadLetters == 1);
        var (code, output) = await CatalogProcess.RunAsync("replay-dead-letters", "--data", _folder.Path);
        Assert.Equal(1, code);
        Assert.Matches(@"^0 dead letters were replayed, 1 are left\.\n  at position \d+: \S.+\n$", output);
        Assert.Equal((0, "The new index serves.\n"), await CatalogProcess.RunAsync("rebuild", "--data", _folder.Path));
        Assert.Equal((0, "0 dead letters were replayed, 0 are left.\n"), await CatalogProcess.RunAsync("replay-dead-letters", "--data", _folder.Path));
    }

    [Fact]
    public async Task Watchers_pass_over_it()
    {
        var damaged = await DamageAsync();
        await using var catalog = await CatalogProcess.StartAsync(_folder.Path);
        using var watch = await Watcher.StartAsync(catalog, damaged.Position);
        await watch.TakeAsync(1, e => e.Name == damaged.Others[^1].Receipt.Name);
        Assert.DoesNotContain(watch.Seen, e => e.Name == damaged.Receipt.Name);
    }

    private static async Task<ProjectionStatus> StatusAsync(ICatalogUnderTest catalog) => await catalog.Reads().GetProjectionStatusAsync(new GetProjectionStatusRequest());

    /// <summary>Writes products, one of whose events is damaged before the index has any of them.</summary>
    private async Task<(string Position, CommandReceipt Receipt, List<(CommandReceipt Receipt, string Title)> Others)> DamageAsync()
    {
        var older = _folder.File("older-index");
        string position;
        await using (var catalog = await CatalogProcess.StartAsync(_folder.Path))
        {
            await catalog.GetAsync(await catalog.CreatedAsync());
            position = (await catalog.Reads().GetProjectionStatusAsync(new GetProjectionStatusRequest())).WatchPosition;
            await catalog.StopAsync();
        }
        CopyFolder(_folder.Index(), older);
        CommandReceipt victim;
        List<(CommandReceipt, string)> others = [];
        await using (var catalog = await CatalogProcess.StartAsync(_folder.Path))
        {
            others.Add((await catalog.CreatedAsync(title: "before"), "before"));
            victim = await catalog.CreatedAsync("victim", "the victim");
            for (var i = 0; i < 10; i++) others.Add((await catalog.CreatedAsync(title: $"after {i}"), $"after {i}"));
            await catalog.StopAsync();
        }
        Assert.Equal(1, _folder.Change("UPDATE events SET body = x'0A7F01' WHERE product = (SELECT key FROM products WHERE id = 'victim')"));
        Directory.Delete(_folder.Index(), recursive: true);
        CopyFolder(older, _folder.Index());
        return (position, victim, others);
    }

    private static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }
}
