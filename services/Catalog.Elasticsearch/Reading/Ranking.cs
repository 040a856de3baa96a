using System.Text.Json;
using Catalog.Queries;

namespace Catalog.Elasticsearch.Reading;

/// <summary>
/// How well a match fits, the same as in the embedded index: it depends on the product and the words alone, not on how many products there are or how
/// frequent the words are in them. Else the order would shift with every write, and a product would be on two pages or on none.
/// </summary>
/// <remarks>
/// Queries give points in whole numbers: above <see cref="Unit"/> the points, below it how many of the words name the product. The script turns them
/// into the points and the share that these words have in the title. Points stay below 128, so that a float, which Elasticsearch ranks
/// with, tells any two shares apart.
/// </remarks>
internal static class Ranking
{
    private const int Unit = 256;

    /// <summary>Everything is as it was typed: more than all else together.</summary>
    public const int Exact = 64 * Unit;

    /// <summary>A word where the product is described.</summary>
    public const int Describing = RankPoints.Describing * Unit;

    /// <summary>A title that begins with what was typed.</summary>
    public const int Beginning = 1 * Unit;

    private static ReadOnlySpan<byte> Script => """
        long score = (long) _score;
        long words = score % 256;
        return score / 256 + (words == 0 ? 0.0 : words / (1.0 + Math.max(doc['title_words'].value, words)));
        """u8;

    /// <summary>Words where the product is named.</summary>
    public static int Naming(int words) => RankPoints.Naming * Unit + words;

    /// <summary>Writes a query whose score is the rank.</summary>
    public static void Write(Utf8JsonWriter json, Action query)
    {
        json.WriteStartObject();
        json.WriteStartObject("script_score"u8);
        json.WriteStartObject("script"u8);
        json.WriteString("source"u8, Script);
        json.WriteEndObject();
        json.WritePropertyName("query"u8);
        query();
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
