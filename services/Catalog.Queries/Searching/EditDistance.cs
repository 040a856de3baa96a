namespace Catalog.Queries;

/// <summary>
/// How many edits make one term of another: insertion, deletion, substitution of a character, or swap of two neighbours
/// (optimal string alignment: what was swapped is not edited again). The same that Lucene calls a fuzzy match.
/// </summary>
public static class EditDistance
{
    /// <summary>The distance if it is at most <paramref name="max"/>, else <paramref name="max"/> + 1.</summary>
    public static int Bounded(ReadOnlySpan<char> left, ReadOnlySpan<char> right, int max)
    {
        // Terms are short and almost always in the basic plane; elsewhere a character is two chars and must count once.
        if (!left.ContainsAnyInRange('\uD800', '\uDFFF') && !right.ContainsAnyInRange('\uD800', '\uDFFF')) return Bounded<char>(left, right, max);
        return Bounded<int>(CodePoints(left), CodePoints(right), max);
    }

    // Only the cells within `max` of the diagonal can stay within it; `d` is a cell's place in that band, j = i + d - max.
    private static int Bounded<T>(ReadOnlySpan<T> left, ReadOnlySpan<T> right, int max) where T : IEquatable<T>
    {
        var tooFar = max + 1;
        if (Math.Abs(left.Length - right.Length) > max) return tooFar;
        if (max == 0) return left.SequenceEqual(right) ? 0 : tooFar;
        var same = left.CommonPrefixLength(right);
        left = left[same..];
        right = right[same..];

        var width = 2 * max + 1;
        Span<int> before = stackalloc int[width + 1], above = stackalloc int[width + 1], row = stackalloc int[width + 1];
        above.Fill(tooFar);
        before.Fill(tooFar);
        for (var j = 0; j <= Math.Min(max, right.Length); j++) above[j + max] = j;
        for (var i = 1; i <= left.Length; i++)
        {
            row.Fill(tooFar);
            var least = tooFar;
            for (var d = Math.Max(0, max - i); d < width; d++)
            {
                var j = i + d - max;
                if (j > right.Length) break;
                int cell;
                if (j == 0)
                {
                    cell = i;
                }
                else
                {
                    cell = above[d] + (left[i - 1].Equals(right[j - 1]) ? 0 : 1);
                    cell = Math.Min(cell, above[d + 1] + 1);
                    if (d > 0) cell = Math.Min(cell, row[d - 1] + 1);
                    if (i > 1 && j > 1 && left[i - 1].Equals(right[j - 2]) && left[i - 2].Equals(right[j - 1])) cell = Math.Min(cell, before[d] + 1);
                }
                row[d] = Math.Min(cell, tooFar);
                least = Math.Min(least, row[d]);
            }
            // A swap reaches back two rows, but never to less than a substitution in the row between.
            if (least == tooFar) return tooFar;
            var free = before;
            before = above;
            above = row;
            row = free;
        }
        return above[right.Length - left.Length + max];
    }

    private static int[] CodePoints(ReadOnlySpan<char> text)
    {
        List<int> points = new(text.Length);
        foreach (var rune in text.EnumerateRunes()) points.Add(rune.Value);
        return [.. points];
    }
}
