using System.Text.RegularExpressions;
using Catalog.Queries.Filtering;
using Catalog.Tests.Queries.Filtering;
using Catalog.V1;

namespace Catalog.Tests.Docs;

/// <summary>What the tables of docs/filter.md say of a filter is so.</summary>
public sealed partial class FilterTablesTests
{
    [Fact]
    public void Every_filter_finds_the_product_or_does_not_or_is_refused_as_the_table_says()
    {
        var page = RepositoryFiles.Page("filter.md");
        var product = Product.Parser.ParseJson(Json().Match(page).Groups["product"].Value);
        var rows = Row().Matches(page);
        Assert.True(rows.Count > 50);
        Assert.Equal(rows.Select(row => $"{row.Groups["filter"].Value}: {row.Groups["found"].Value}"), rows.Select(row => $"{row.Groups["filter"].Value}: {Found(row.Groups["filter"].Value, product)}"));
    }

    private static string Found(string filter, Product product) => !FilterParser.TryParse(filter, out var expression, out _) ? "refused" : expression.Matches(product) ? "yes" : "no";

    [GeneratedRegex("```json\n(?<product>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Json();

    [GeneratedRegex("^\\| `(?<filter>[^`]+)` \\| (?<found>\\w+) \\|", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Row();
}
