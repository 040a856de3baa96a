namespace Catalog.Bench;

/// <summary>Where things lie in this repository.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The Release build of the catalog.</summary>
    public static string Catalog => Path.Combine(Root, "services", "Standalone", "bin", "Release", "net10.0", "catalog");

    public static string Samples => Path.Combine(Root, "samples", "products.ndjson");

    /// <summary>60,000 real texts, made by <c>make corpus</c>.</summary>
    public static string Debian => Path.Combine(Root, "artifacts", "debian.ndjson");

    public static string Queries => Path.Combine(Root, "tests", "Catalog.Bench", "queries.txt");

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "CqrsGrpc.sln"))) return folder.FullName;
        throw new InvalidOperationException("The bench runs inside the repository only.");
    }
}
