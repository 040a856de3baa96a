using System.Text.RegularExpressions;

namespace Catalog.SystemTests;

/// <summary>Every value is explained where it stands, and in the README with the same words and the same default.</summary>
public sealed partial class ChartValuesTests
{
    [Fact]
    public async Task Every_value_has_a_comment()
    {
        var values = await ValuesAsync();
        Assert.True(values.Count > 200);
        Assert.Equal([], values.Where(v => v.Comment.Length == 0).Select(v => v.Path));
    }

    [Fact]
    public async Task Every_value_is_in_the_README()
    {
        var rows = (await File.ReadAllLinesAsync(Path.Combine(RenderedChart.Folder, "README.md"))).ToHashSet(StringComparer.Ordinal);
        var missing = (await ValuesAsync()).Where(v => !rows.Contains(v.Row) && !rows.Contains(v.SharedRow)).Select(v => v.Row).ToList();
        Assert.True(missing.Count == 0, $"The README lacks:\n{string.Join('\n', missing)}");
    }

    [Fact]
    public async Task The_README_names_no_value_that_there_is_not()
    {
        var values = await ValuesAsync();
        var known = values.SelectMany(v => new[] { v.Row, v.SharedRow }).ToHashSet(StringComparer.Ordinal);
        var rows = (await File.ReadAllLinesAsync(Path.Combine(RenderedChart.Folder, "README.md"))).SkipWhile(l => l != "## Values").Where(l => l.StartsWith("| `", StringComparison.Ordinal));
        Assert.Equal([], rows.Where(r => !known.Contains(r)));
    }

    /// <summary>The values that hold something, with the comment above each.</summary>
    private static async Task<List<Value>> ValuesAsync()
    {
        var (values, keys, comment) = (new List<Value>(), new List<string>(), "");
        foreach (var line in await File.ReadAllLinesAsync(Path.Combine(RenderedChart.Folder, "values.yaml")))
        {
            if (Comment().Match(line) is { Success: true } more) comment = $"{comment} {more.Groups[1].Value}".Trim();
            else if (Key().Match(line) is { Success: true } key)
            {
                keys.RemoveRange(key.Groups[1].Length / 2, keys.Count - key.Groups[1].Length / 2);
                keys.Add(key.Groups[2].Value);
                if (key.Groups[3].Success) values.Add(new Value(string.Join('.', keys), key.Groups[3].Value.Trim('"'), comment));
                comment = "";
            }
            else
            {
                Assert.True(line.Length == 0, $"A value is one line, so that a comment can stand above it: {line}");
                comment = "";
            }
        }
        return values;
    }

    [GeneratedRegex("^ *# (.+)$")]
    private static partial Regex Comment();

    [GeneratedRegex("^( *)([A-Za-z]+):(?: (.+))?$")]
    private static partial Regex Key();

    private sealed record Value(string Path, string Default, string Comment)
    {
        public string Row => $"| `{Path}` | {(Default.Length == 0 ? "" : $"`{Default}`")} | {Comment} |";

        /// <summary>Of a value that several components have.</summary>
        public string SharedRow => Section is "command" or "query" or "projector" or "standalone" ? $"| `*{Path[Section.Length..]}` | {Comment} |" : Row;

        private string Section => Path.Split('.')[0];
    }
}
