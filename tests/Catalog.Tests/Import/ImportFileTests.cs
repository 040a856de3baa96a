using System.IO.Compression;
using System.Text;
using Catalog.Standalone.Import;

namespace Catalog.Tests.Import;

public sealed class ImportFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("catalog-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("rows.ndjson", "{\"sku\":\"a\"}")]
    [InlineData("rows.jsonl", "{\"sku\":\"a\"}")]
    [InlineData("rows.CSV", "sku,title\na,Mug")]
    [InlineData("rows.ndjson.gz", "{\"sku\":\"a\"}")]
    [InlineData("rows.csv.gz", "sku,title\na,Mug")]
    public void A_files_ending_tells_its_format(string name, string text)
    {
        using var file = ImportFile.Open(Write(name, text), null);
        Assert.Equal("a", Assert.Single(file.Rows()).Row!.Sku);
        Assert.Equal(1, file.Fraction);
    }

    [Fact]
    public void A_format_that_is_given_goes_before_the_ending()
    {
        using var file = ImportFile.Open(Write("rows.csv", "{\"sku\":\"a\"}"), "ndjson");
        Assert.Equal("a", Assert.Single(file.Rows()).Row!.Sku);
    }

    [Fact]
    public void How_much_was_read_is_known_while_it_is_read()
    {
        using var file = ImportFile.Open(Write("rows.ndjson", string.Concat(Enumerable.Repeat($"{{\"title\":\"{new string('x', 1000)}\"}}\n", 1000))), null);
        var fractions = file.Rows().Select(_ => file.Fraction!.Value).ToList();
        Assert.InRange(fractions[0], 0.01, 0.5);
        Assert.Equal(fractions.Order(), fractions);
        Assert.Equal(1, fractions[^1]);
    }

    [Fact]
    public void An_ending_that_tells_nothing_asks_for_the_format()
    {
        Assert.Contains("--format", Assert.Throws<ImportException>(() => ImportFile.Open(Write("rows.txt", ""), null)).Message, StringComparison.Ordinal);
        Assert.Contains("--format", Assert.Throws<ImportException>(() => ImportFile.Open("-", null)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("csv")]
    public void A_folder_is_not_taken_for_a_file_that_may_not_be_read(string? format) =>
        Assert.Contains("Name a file", Assert.Throws<ImportException>(() => ImportFile.Open(_folder.FullName, format)).Message, StringComparison.Ordinal);

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder.FullName, name);
        using var file = File.Create(path);
        using Stream content = name.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionLevel.Fastest) : file;
        content.Write(Encoding.UTF8.GetBytes(text));
        return path;
    }
}
