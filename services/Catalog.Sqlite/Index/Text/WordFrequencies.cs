using System.Collections.Concurrent;

namespace Catalog.Sqlite.Index.Text;

/// <summary>
/// In how many products words occur, about. Counting reads all that the index holds on a word, so the counts are kept until the catalog has grown or
/// shrunk by a tenth.
/// </summary>
internal sealed class WordFrequencies
{
    private const int MaxWords = 16_384;

    private readonly ConcurrentDictionary<string, (long Frequency, int Products)> _counted = new(StringComparer.Ordinal);

    /// <summary>The frequency of a word; <paramref name="connection"/> counts it if need be.</summary>
    public long Of(string word, ReadConnection connection)
    {
        var products = connection.Docs.Live;
        if (_counted.TryGetValue(word, out var known) && Math.Abs((long)known.Products - products) * 10 <= products) return known.Frequency;
        var frequency = connection.Frequency(word);
        // A word that no product has any more, or not quite yet, may be in one a moment later, and then must count.
        if (frequency == 0) return 0;
        if (_counted.Count >= MaxWords) _counted.Clear();
        _counted[word] = (frequency, products);
        return frequency;
    }
}
