using System.Text.RegularExpressions;

namespace Catalog.SystemTests;

/// <summary>
/// What the README shows is what happens: its sessions are run, command by command, and the output compared. <c>UPDATE_README=1</c> writes the true output into it instead.
/// </summary>
public sealed partial class ReadmeTests
{
    [Fact]
    public async Task The_sessions_of_the_README_print_what_it_shows()
    {
        Assert.SkipWhen(ReadmeSessions.Missing is not null, ReadmeSessions.Missing ?? "");
        using var folder = new TempFolder();
        await using var catalog = await CatalogProcess.StartAsync(folder.Path);
        await Eventually.TrueAsync("ready", async () => (await catalog.Rest.GetAsync("/healthz/ready")).IsSuccessStatusCode);

        var (readme, truth) = await ReadmeSessions.RunAsync(catalog.Grpc, catalog.Rest.BaseAddress!);
        if (Environment.GetEnvironmentVariable("UPDATE_README") == "1") await File.WriteAllTextAsync(ReadmeSessions.Readme, truth);
        else Assert.Equal(ReadmeSessions.Normalize(readme), ReadmeSessions.Normalize(truth));
    }

    [Fact]
    public void Who_tries_one_example_after_the_other_makes_other_products()
    {
        var skus = new[] { "README.md", "docs/clients.md", "services/Standalone/Banner.cs" }.SelectMany(file =>
            Sku().Matches(File.ReadAllText(Path.Combine(CatalogProcess.Repository, file))).Select(m => m.Groups["sku"].Value).Distinct(StringComparer.Ordinal)).ToList();
        Assert.True(skus.Count >= 4);
        Assert.Equal(skus.Distinct(StringComparer.Ordinal), skus);
    }

    [GeneratedRegex("""sku"? ?[:=] ?"(?<sku>[^"]+)""", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex Sku();
}
