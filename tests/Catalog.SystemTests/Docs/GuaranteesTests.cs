using System.Text.RegularExpressions;

namespace Catalog.SystemTests;

/// <summary>docs/guarantees.md names tests that there are.</summary>
public sealed partial class GuaranteesTests
{
    [Fact]
    public void Every_test_that_the_guarantees_name_is_there()
    {
        var tests = Directory.EnumerateFiles(Path.Combine(CatalogProcess.Repository, "tests"), "*.cs", SearchOption.AllDirectories).Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .ToLookup(file => Path.GetFileName(file).Split('.')[0], file => File.ReadAllText(file), StringComparer.Ordinal);
        var (named, missing) = (0, new List<string>());
        foreach (var cell in File.ReadAllLines(Path.Combine(CatalogProcess.Repository, "docs", "guarantees.md")).Where(line => line.StartsWith("| **G", StringComparison.Ordinal)).Select(line => line.Split('|')[^2]))
        {
            var classes = new List<string>();
            // `Class`, `Class`: Name of a test; Another, of which the end is left out …. `Class`
            foreach (Match part in Part().Matches(cell))
            {
                classes.Add(part.Groups["class"].Value);
                foreach (var name in Between().Split(part.Groups["names"].Value).Select(name => name.Trim(' ', '.')).Where(name => name.Length > 0))
                {
                    named++;
                    var pattern = string.Join(@"\w*", name.Split('…').Select(piece => Other().Replace(piece.Trim(), "_")));
                    if (!classes.SelectMany(type => tests[type]).Any(text => Regex.IsMatch(text, $@" {pattern}\w*\(", RegexOptions.IgnoreCase))) missing.Add($"{string.Join(", ", classes)}: {name}");
                }
                if (!tests.Contains(part.Groups["class"].Value)) missing.Add(part.Groups["class"].Value);
                if (part.Groups["names"].Value.Length > 0) classes.Clear();
            }
        }
        Assert.True(named > 15);
        Assert.Equal([], missing);
    }

    // The names go to the next class, and classes that are listed with commas share those after the last.
    [GeneratedRegex(@"`(?<class>\w+(?:Tests|Suite|Contract))`(?:: (?<names>[^`]+))?", RegexOptions.ExplicitCapture)]
    private static partial Regex Part();

    [GeneratedRegex(@";|(?<=…),")]
    private static partial Regex Between();

    [GeneratedRegex(@"\W+")]
    private static partial Regex Other();
}
