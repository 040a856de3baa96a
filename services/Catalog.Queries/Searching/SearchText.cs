using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Catalog.Queries;

/// <summary>What people type into a search box, as clauses: words, <c>"phrases in quotes"</c> and <c>prefixes*</c>. Nothing in it is a mistake but its size.</summary>
internal static class SearchText
{
    /// <summary>The longest query, in bytes of UTF-8.</summary>
    public const int MaxBytes = 1024;

    /// <summary>How much of a word is indexed, in characters: no query is longer.</summary>
    public const int MaxTerm = MaxBytes;

    /// <summary>How many words a query may have.</summary>
    public const int MaxWords = 32;

    /// <summary>Reads a query. False if it is too long, and why.</summary>
    public static bool TryParse(string query, out IReadOnlyList<TextClause> clauses, [NotNullWhen(false)] out string? problem)
    {
        List<TextClause> found = [];
        clauses = found;
        problem = Encoding.UTF8.GetByteCount(query) > MaxBytes ? $"longer than {MaxBytes:N0} bytes" : null;
        if (problem is not null) return false;

        var words = 0;
        for (var at = 0; at < query.Length;)
        {
            if (char.IsWhiteSpace(query[at]))
            {
                at++;
                continue;
            }
            // A quote within a word is no phrase: a 24" screen.
            var quoted = query[at] == '"';
            if (quoted) at++;
            var end = at;
            while (end < query.Length && !(quoted ? query[end] == '"' : char.IsWhiteSpace(query[end]))) end++;
            var part = query[at..end];
            at = quoted ? end + 1 : end;

            List<string> terms = [.. Tokenizer.Tokens(part).Select(token => token.Term)];
            words += terms.Count;
            if (terms.Count > 0) Add(found, terms, quoted, prefix: !quoted && part.EndsWith('*'));
        }
        if (words > MaxWords) problem = $"more than {MaxWords} words";
        return problem is null;
    }

    /// <summary>
    /// How many edits a word forgives. Short words have too many neighbours, and a number or part number that differs is another one.
    /// </summary>
    public static int TyposOf(string term)
    {
        var letters = 0;
        foreach (var rune in term.EnumerateRunes())
        {
            if (Rune.IsNumber(rune)) return 0;
            letters++;
        }
        return letters switch { < 4 => 0, < 8 => 1, _ => 2 };
    }

    private static void Add(List<TextClause> clauses, List<string> terms, bool quoted, bool prefix)
    {
        if (prefix)
        {
            foreach (var term in terms[..^1]) clauses.Add(new TextClause.Word(term, 0));
            clauses.Add(new TextClause.Prefix(terms[^1]));
        }
        else if (terms is [var only])
        {
            clauses.Add(new TextClause.Word(only, quoted ? 0 : TyposOf(only)));
        }
        else
        {
            clauses.Add(new TextClause.Phrase(terms));
        }
    }
}
