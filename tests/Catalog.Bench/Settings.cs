namespace Catalog.Bench;

/// <summary>What to measure, and how thoroughly.</summary>
internal sealed record Settings(string Catalog, bool Quick, string[] Only, string Json)
{
    /// <summary>Callers that keep one call each under way.</summary>
    public int Callers => 64;

    public int Rounds => Quick ? 2 : 5;

    public TimeSpan WarmUp => TimeSpan.FromSeconds(Quick ? 2 : 6);

    public TimeSpan Round => TimeSpan.FromSeconds(Quick ? 2 : 5);
}
