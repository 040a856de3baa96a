namespace Catalog.Elasticsearch.Writing;

/// <summary>An attribute as one keyword. Keys hold no control characters, so there is one way to read it.</summary>
internal static class AttributeTerm
{
    public const char Separator = '\0';

    public static string Of(string key, string value) => $"{key}{Separator}{value}";
}
