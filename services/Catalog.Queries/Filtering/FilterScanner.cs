using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Catalog.Queries.Filtering;

/// <summary>Reads a filter from left to right and keeps the first thing that is wrong with it.</summary>
internal sealed class FilterScanner(string text)
{
    /// <summary>Where the next character stands, from 0.</summary>
    public int Position { get; set; }

    /// <summary>What is wrong and where; null as long as nothing is.</summary>
    public string? Problem { get; private set; }

    public bool AtEnd => Position >= text.Length;

    /// <summary>The next character; NUL at the end.</summary>
    public char Next => AtEnd ? '\0' : text[Position];

    /// <summary>Notes what is wrong, in characters as people count them, from 1.</summary>
    public void Fail(int at, string problem)
    {
        if (Problem is not null) return;
        var character = 1;
        foreach (var _ in text.AsSpan(0, Math.Min(at, text.Length)).EnumerateRunes()) character++;
        Problem = $"at character {character}: {problem}";
    }

    public void SkipSpace()
    {
        while (!AtEnd && char.IsWhiteSpace(text[Position])) Position++;
    }

    /// <summary>Takes the text if it comes next.</summary>
    public bool TryTake(string expected)
    {
        if (!text.AsSpan(Position).StartsWith(expected, StringComparison.Ordinal)) return false;
        Position += expected.Length;
        return true;
    }

    /// <summary>Takes a keyword if it comes next as a word of its own.</summary>
    public bool TryKeyword(string keyword)
    {
        var end = Position + keyword.Length;
        if (end < text.Length && (IsNameChar(text[end]) || text[end] is '.' or ':' or '=' or '-')) return false;
        return TryTake(keyword);
    }

    /// <summary>Letters, digits and underscores; with <paramref name="dashes"/> also dashes. May be empty.</summary>
    public string TakeName(bool dashes = false)
    {
        var start = Position;
        while (!AtEnd && (IsNameChar(text[Position]) || (dashes && text[Position] == '-'))) Position++;
        return text[start..Position];
    }

    /// <summary>Everything up to a space, a parenthesis, a quote or a comparison. May be empty.</summary>
    public string TakeBareValue()
    {
        var start = Position;
        while (!AtEnd && !char.IsWhiteSpace(text[Position]) && !"()\"'`=<>!".Contains(text[Position])) Position++;
        return text[start..Position];
    }

    /// <summary>A text in the quotes that come next, its escapes resolved.</summary>
    public bool TryTakeQuoted([NotNullWhen(true)] out string? value)
    {
        value = null;
        int start = Position++;
        var quote = text[start];
        var unescaped = new StringBuilder();
        for (; !AtEnd; Position++)
        {
            var c = text[Position];
            if (c == quote)
            {
                Position++;
                value = unescaped.ToString();
                return true;
            }
            if (c != '\\')
            {
                unescaped.Append(c);
                continue;
            }
            Position++;
            if (AtEnd) break;
            switch (text[Position])
            {
                case '\\' or '"' or '\'' or '`': unescaped.Append(text[Position]); break;
                case 'n': unescaped.Append('\n'); break;
                case 'r': unescaped.Append('\r'); break;
                case 't': unescaped.Append('\t'); break;
                default:
                    Fail(Position - 1, @"unknown escape; known are \\, \"", \', \`, \n, \r and \t");
                    return false;
            }
        }
        Fail(start, $"the quote {quote} is never closed");
        return false;
    }

    /// <summary>What comes next, for a message.</summary>
    public string Describe()
    {
        if (AtEnd) return "the end";
        var word = text.AsSpan(Position);
        var length = 0;
        while (length < word.Length && length < 20 && IsNameChar(word[length])) length++;
        if (length == 0) length = Position + 1 < text.Length && char.IsSurrogatePair(text, Position) ? 2 : 1;
        return $"`{word[..length]}`";
    }

    private static bool IsNameChar(char c) => char.IsLetterOrDigit(c) || c == '_';
}
