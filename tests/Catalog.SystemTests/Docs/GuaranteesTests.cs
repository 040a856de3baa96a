using System.Text.RegularExpressions;

namespace Catalog.SystemTests;

public sealed partial class GuaranteesTests
{
    [Fact]
    public void Every_test_that_the_guarantees_name_is_there()
    {
        var tests = Directory.EnumerateFiles(Path.Combine(CatalogProcess.Repository, "tests"), "*.cs", SearchOption.AllDirectories).Select(Path.GetFileNameWithoutExtension).ToHashSet(StringComparer.Ordinal);
        var named = TestClass().Matches(File.ReadAllText(Path.Combine(CatalogProcess.Repository, "docs", "guarantees.md"))).Select(m => m.Groups[1].Value).Distinct().ToList();
        Assert.True(named.Count > 5);
        Assert.Equal([], named.Except(tests!));
    }

    [GeneratedRegex(@"`(\w+(?:Tests|Suite|Contract))`")]
    private static partial Regex TestClass();
}
