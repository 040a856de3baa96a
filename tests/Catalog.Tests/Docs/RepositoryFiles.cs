using System.Runtime.CompilerServices;

namespace Catalog.Tests.Docs;

/// <summary>The repository that these tests were built from.</summary>
internal static class RepositoryFiles
{
    /// <summary>A path in it.</summary>
    public static string At(params ReadOnlySpan<string> parts) => Path.Combine([Root(), .. parts]);

    /// <summary>The text of a page in docs.</summary>
    public static string Page(string name) => File.ReadAllText(At("docs", name));

    private static string Root([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", ".."));
}
