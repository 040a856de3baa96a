using System.Text.RegularExpressions;
using Catalog.Queries.Filtering;
using CsCheck;

namespace Catalog.Tests.Queries.Filtering;

public partial class FilterFuzzTests
{
    private static readonly Gen<string> Pieces = Gen.OneOf(
        "(", ")", "NOT ", "-", " AND ", " OR ", "brand", "price", "state", "attributes", "categories", "create_time", ".", ":", "=", "!=", "<", "<=", ">", "\"", "'", "`",
        "\\", "*", " ", "1.5", "ACTIVE", "x", "é", "😀", "\uD83D", "2025-01-31T12:00:00Z").List[0, 40].Select(string.Concat);

    private static readonly Gen<string> Mutations =
        Gen.Select(FilterGen.Expressions(3), Gen.Int[0, 1_000], Gen.Int[0, 3], Gen.OneOf<char>(Gen.Char, Gen.Char["()\"'`\\=<>!:.-* "])).Select(t =>
        {
            var (expression, at, how, c) = t;
            var filter = FilterText.Print(expression);
            at %= filter.Length;
            return how switch
            {
                0 => filter.Remove(at, 1),
                1 => filter.Insert(at, c.ToString()),
                2 => filter[..at] + c + filter[(at + 1)..],
                _ => filter[..at],
            };
        });

    [Fact]
    public void Whatever_is_written_is_a_filter_or_a_mistake_with_its_place() => Gen.OneOf<string>(Pieces, Mutations, Gen.String).Sample(filter =>
    {
        var sound = FilterParser.TryParse(filter, out var expression, out var problem);
        if (sound) return problem is null && (expression is not null || string.IsNullOrWhiteSpace(filter));
        if (problem == "longer than 8,192 bytes") return true;
        var match = Place().Match(problem!);
        return match.Success && expression is null && int.Parse(match.Groups["at"].Value) is >= 1 and var at && at <= filter.Length + 1;
    }, iter: 20_000);

    [Fact]
    public void What_is_written_from_an_expression_reads_as_that_expression() => FilterGen.Expressions(4).Sample(expression =>
    {
        var filter = FilterText.Print(expression);
        if (filter.Length > 2_000) return;
        Assert.True(FilterParser.TryParse(filter, out var read, out var problem), problem);
        Assert.Equal(FilterText.Dump(expression), FilterText.Dump(read));
    }, iter: 3_000);

    [Theory]
    [InlineData("(")]
    [InlineData("NOT ")]
    [InlineData("-")]
    [InlineData("brand=a ")]
    [InlineData("brand=a OR ")]
    [InlineData("\"")]
    [InlineData("'\\")]
    [InlineData("a.")]
    [InlineData(" ")]
    [InlineData("😀")]
    public async Task A_full_8_KiB_of_malice_is_read_at_once(string piece)
    {
        var filter = string.Concat(Enumerable.Repeat(piece, 8 * 1024 / System.Text.Encoding.UTF8.GetByteCount(piece)));
        await Task.Run(() => FilterParser.TryParse(filter, out _, out _), TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
    }

    [GeneratedRegex("^at character (?<at>[0-9]+): .+", RegexOptions.Singleline, 1_000)]
    private static partial Regex Place();
}
