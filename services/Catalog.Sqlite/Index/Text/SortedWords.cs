using Catalog.Queries;

namespace Catalog.Sqlite.Index.Text;

/// <summary>
/// Words in order, as one block of characters; because neighbours share their beginnings, it is walked as a tree. Never changes.
/// </summary>
internal sealed class SortedWords
{
    public static readonly SortedWords Empty = new([], [0], []);

    private readonly char[] _letters;
    private readonly int[] _starts; // and where the last one ends
    private readonly byte[] _shared; // how many letters a word begins with that the one before it begins with, too

    private SortedWords(char[] letters, int[] starts, byte[] shared) => (_letters, _starts, _shared) = (letters, starts, shared);

    public int Count => _shared.Length;

    private ReadOnlySpan<char> this[int index] => _letters.AsSpan(_starts[index].._starts[index + 1]);

    /// <summary>These words and some more, none of which is among them.</summary>
    public SortedWords Merge(IEnumerable<string> more)
    {
        var added = more.ToArray();
        Array.Sort(added, string.CompareOrdinal);
        var letters = new char[_letters.Length + added.Sum(word => word.Length)];
        var starts = new int[Count + added.Length + 1];
        var shared = new byte[Count + added.Length];
        for (int to = 0, old = 0, add = 0; to < shared.Length; to++)
        {
            var takeOld = add == added.Length || old < Count && this[old].SequenceCompareTo(added[add]) < 0;
            var word = takeOld ? this[old++] : added[add++];
            word.CopyTo(letters.AsSpan(starts[to]));
            starts[to + 1] = starts[to] + word.Length;
            if (to > 0) shared[to] = (byte)letters.AsSpan(starts[to - 1]..starts[to]).CommonPrefixLength(word);
        }
        return new SortedWords(letters, starts, shared);
    }

    /// <summary>Adds the words within some edits of a word (<see cref="EditDistance"/>), other than itself, and their distances.</summary>
    public void FindNear(ReadOnlySpan<char> word, int typos, List<(string, int)> found)
    {
        if (word.Length > Vocabulary.MaxLength + typos || word.ContainsAnyInRange('\uD800', '\uDFFF'))
        {
            FindNearOneByOne(word, typos, found);
            return;
        }
        // One row of the edit matrix for each letter of the current word, of which words that begin alike share the first ones.
        var width = word.Length + 1;
        Span<byte> rows = stackalloc byte[(Vocabulary.MaxLength + 1) * width];
        Span<byte> least = stackalloc byte[Vocabulary.MaxLength + 1];
        var tooFar = (byte)(typos + 1);
        rows.Fill(tooFar);
        least[0] = 0;
        for (var j = 0; j <= Math.Min(typos, word.Length); j++) rows[j] = (byte)j;

        for (var index = 0; index < Count;)
        {
            var current = this[index];
            var depth = index == 0 ? 0 : _shared[index];
            var alive = true;
            while (alive && depth < current.Length)
            {
                depth++;
                least[depth] = NextRow(word, current[..depth], rows, typos);
                // A swap reaches back to the row before.
                alive = least[depth] <= typos || least[depth - 1] < typos;
            }
            var last = rows[depth * width + word.Length];
            if (alive && last > 0 && last <= typos) found.Add((current.ToString(), last));

            // Where the beginning is already too far away, so is every word that begins so.
            index++;
            if (alive || index == Count) continue;
            var next = _shared.AsSpan(index).IndexOfAnyInRange((byte)0, (byte)(depth - 1));
            index = next < 0 ? Count : index + next;
        }
    }

    // Fills the row of the last letter, as far as it can be within reach of the diagonal, and returns the least of it.
    private static byte NextRow(ReadOnlySpan<char> word, ReadOnlySpan<char> current, Span<byte> rows, int typos)
    {
        var width = word.Length + 1;
        var i = current.Length;
        var row = rows.Slice(i * width, width);
        var above = rows.Slice((i - 1) * width, width);
        var letter = current[i - 1];
        var tooFar = (byte)(typos + 1);
        var least = tooFar;
        for (var j = Math.Max(0, i - typos); j <= Math.Min(word.Length, i + typos); j++)
        {
            int cell = j == 0
                ? i
                : Math.Min(above[j - 1] + (letter == word[j - 1] ? 0 : 1), Math.Min(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && letter == word[j - 2] && current[i - 2] == word[j - 1]) cell = Math.Min(cell, rows[(i - 2) * width + j - 2] + 1);
            row[j] = (byte)Math.Min(cell, tooFar);
            least = Math.Min(least, row[j]);
        }
        return least;
    }

    private void FindNearOneByOne(ReadOnlySpan<char> word, int typos, List<(string, int)> found)
    {
        for (var index = 0; index < Count; index++)
        {
            var distance = EditDistance.Bounded(word, this[index], typos);
            if (distance > 0 && distance <= typos) found.Add((this[index].ToString(), distance));
        }
    }
}
