using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using Catalog.V1;

namespace Catalog.SystemTests;

/// <summary><c>catalog import</c> on files that are not as they should be.</summary>
public sealed partial class ImportCommandTests : IDisposable
{
    private const int Rows = 2000;
    private readonly TempFolder _folder = new(), _elsewhere = new();

    /// <inheritdoc />
    public void Dispose()
    {
        _folder.Dispose();
        _elsewhere.Dispose();
    }

    [Fact]
    public async Task Rows_that_were_refused_are_repaired_and_imported_as_the_documentation_says()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/jq"), "jq is needed.");
        var documented = Repair().Match(await File.ReadAllTextAsync(Path.Combine(CatalogProcess.Repository, "docs", "operations.md"))).Groups["command"].Value;
        var file = _elsewhere.File("stock.csv");
        await File.WriteAllTextAsync(file, "sku,title,stock_quantity\nR-1,\"Lamp, small\",1\nR-2,Lamp,many\n");
        await using var catalog = await CatalogProcess.StartAsync(_folder.Path);
        Assert.Equal(1, (await CatalogProcess.RunAsync("import", file, "--server", catalog.Grpc.ToString())).Code);
        var script = $"{documented.Replace("FILE", $"'{file}'", StringComparison.Ordinal)} | sed s/many/7/ > '{file}.repaired'";
        Assert.Equal((0, ""), await HostProcess.RunAsync(["/bin/sh", "-c", script]));
        var (code, output) = await CatalogProcess.RunAsync("import", $"{file}.repaired", "--format", "csv", "--server", catalog.Grpc.ToString());
        Assert.True(code == 0, output);
        Assert.Equal(2L, _folder.Read<long>("SELECT count(*) FROM products"));
    }

    [GeneratedRegex(@"`(?<command>\(head[^`]+\))`", RegexOptions.ExplicitCapture)]
    private static partial Regex Repair();

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.999)]
    public async Task An_archive_that_ends_early_is_said_to_and_no_row_is_taken_in_part(double share)
    {
        var file = _elsewhere.File("cut.csv.gz");
        // Titles that cannot be packed, so that half of the archive is half of the rows.
        var random = new Random(7);
        string Title() => string.Concat(Enumerable.Range(0, 40).Select(_ => (char)random.Next('a', 'z' + 1)));
        using (var whole = new MemoryStream())
        {
            using (var zip = new GZipStream(whole, CompressionLevel.Fastest, leaveOpen: true))
                zip.Write(Encoding.UTF8.GetBytes("sku,title\n" + string.Concat(Enumerable.Range(0, Rows).Select(i => $"CUT-{i},{Title()}\n"))));
            await File.WriteAllBytesAsync(file, whole.ToArray()[..(int)(whole.Length * share)]);
        }
        await using var catalog = await CatalogProcess.StartAsync(_folder.Path);
        var (code, output) = await CatalogProcess.RunAsync("import", file, "--server", catalog.Grpc.ToString());

        Assert.True(code == 2, output);
        Assert.Contains("ends early", output, StringComparison.Ordinal);
        var stored = _folder.Read<long>("SELECT count(*) FROM products");
        Assert.InRange(stored, 1, Rows);
        foreach (var sku in new[] { 0, stored - 1 })
        {
            var body = _folder.Read<byte[]>($"SELECT body FROM products WHERE sku = 'CUT-{sku}'");
            Assert.Equal(40, Product.Parser.ParseFrom(body).Title.Length);
        }
    }
}
