using System.Globalization;
using System.Text.RegularExpressions;

namespace Catalog.Sqlite.Index;

/// <summary>The folder of the index files: <c>products-&lt;yyyyMMddHHmmss&gt;.db</c>, with a number behind the time where it is taken.</summary>
internal sealed partial class IndexFolder(string path, TimeProvider time)
{
    /// <summary>The index files that there are, the newest first.</summary>
    public IEnumerable<string> List()
    {
        Directory.CreateDirectory(path);
        return Directory.EnumerateFiles(path).Select(file => (file, name: Name().Match(Path.GetFileName(file)))).Where(entry => entry.name.Success)
            .OrderByDescending(entry => entry.name.Groups["time"].Value, StringComparer.Ordinal).ThenByDescending(entry => Number(entry.name))
            .Select(entry => entry.file).ToList();
    }

    /// <summary>A name for a new file, newer than all that there are, also where the clock went back.</summary>
    public string Next()
    {
        var stamp = time.GetUtcNow().ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);
        if (List().FirstOrDefault() is not { } newest) return Path.Combine(path, $"products-{stamp}.db");
        var last = Name().Match(Path.GetFileName(newest));
        return string.CompareOrdinal(last.Groups["time"].Value, stamp) < 0
            ? Path.Combine(path, $"products-{stamp}.db")
            : Path.Combine(path, $"products-{last.Groups["time"].Value}-{Number(last) + 1}.db");
    }

    /// <summary>Keeps a damaged file for people to look at, in the place of the one before.</summary>
    public void SetAside(string file)
    {
        var aside = Path.Combine(path, "damaged.db");
        SqliteFile.Delete(aside);
        Move(file, aside);
    }

    /// <summary>Keeps the indices that there are under names by which none of them serves, nor gives way to another.</summary>
    /// <returns>Where they are.</returns>
    public IReadOnlyList<string> KeepAll()
    {
        var kept = new List<string>();
        foreach (var file in List())
        {
            var name = Path.Combine(path, Path.GetFileName(file).Replace("products-", "lost-", StringComparison.Ordinal));
            Move(file, name);
            kept.Add(name);
        }
        return kept;
    }

    private static void Move(string file, string name)
    {
        foreach (var companion in SqliteFile.Companions)
            if (File.Exists(file + companion)) File.Move(file + companion, name + companion, overwrite: true);
    }

    private static int Number(Match name) => name.Groups["number"].Success ? int.Parse(name.Groups["number"].Value, CultureInfo.InvariantCulture) : 1;

    [GeneratedRegex(@"^products-(?<time>\d{14})(-(?<number>\d{1,9}))?\.db$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
