using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace Catalog.Queries;

/// <summary>A piece of a text, escaped for HTML, with the words that matched in <c>&lt;em&gt;</c>.</summary>
internal static class Fragment
{
    /// <summary>How long a piece is at most, in characters of the text.</summary>
    public const int MaxLength = 160;

    /// <summary>A word that matched.</summary>
    /// <param name="Start">Where it begins.</param>
    /// <param name="Length">How long it is.</param>
    /// <param name="Clauses">One bit for each clause that it satisfies.</param>
    [StructLayout(LayoutKind.Auto)]
    public readonly record struct Match(int Start, int Length, uint Clauses)
    {
        public int End => Start + Length;
    }

    /// <summary>The piece that satisfies the most clauses, then holds the most matches, then comes first; its ends are between words.</summary>
    public static (int From, int To) Best(string text, IReadOnlyList<Tokenizer.Token> tokens, IReadOnlyList<Match> matches)
    {
        if (text.Length <= MaxLength) return (0, text.Length);
        (int Clauses, int Matches) best = default;
        int first = 0, last = 0;
        for (var i = 0; i < matches.Count; i++)
        {
            uint clauses = 0;
            var j = i;
            for (; j < matches.Count && matches[j].End - matches[i].Start <= MaxLength; j++) clauses |= matches[j].Clauses;
            var score = (BitOperations.PopCount(clauses), j - i);
            if (score.CompareTo(best) <= 0) continue;
            best = score;
            (first, last) = (i, j - 1);
        }

        int start = matches[first].Start, end = Math.Min(matches[last].End, start + MaxLength);
        var from = Math.Max(0, start - (MaxLength - (end - start)) / 2);
        if (from > 0) from = Math.Min(start, tokens.First(token => token.Start >= from).Start);
        var to = Math.Min(text.Length, from + MaxLength);
        if (to < text.Length) to = Math.Max(end, tokens.Where(token => token.Start + token.Length <= to).Select(token => token.Start + token.Length).LastOrDefault());
        // Only a word longer than any piece is cut, and then between characters.
        if (to < text.Length && char.IsLowSurrogate(text[to])) to--;
        return (from, to);
    }

    /// <summary>The text between two places, with an ellipsis where something was left out.</summary>
    public static string Render(string text, IEnumerable<(int Start, int Length)> marks, int from, int to)
    {
        var html = new StringBuilder(to - from + 64);
        if (from > 0) html.Append('…');
        var at = from;
        foreach (var (start, length) in marks)
        {
            if (start < from || start >= to) continue;
            var end = Math.Min(start + length, to);
            Escape(text.AsSpan(at, start - at), html);
            html.Append("<em>");
            Escape(text.AsSpan(start, end - start), html);
            html.Append("</em>");
            at = end;
        }
        Escape(text.AsSpan(at, to - at), html);
        if (to < text.Length) html.Append('…');
        return html.ToString();
    }

    private static void Escape(ReadOnlySpan<char> text, StringBuilder html)
    {
        foreach (var c in text)
        {
            _ = c switch
            {
                '&' => html.Append("&amp;"),
                '<' => html.Append("&lt;"),
                '>' => html.Append("&gt;"),
                '"' => html.Append("&quot;"),
                '\'' => html.Append("&#39;"),
                _ => html.Append(c),
            };
        }
    }
}
