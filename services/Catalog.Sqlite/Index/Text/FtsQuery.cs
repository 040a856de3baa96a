using System.Text;
using Catalog.Queries;

namespace Catalog.Sqlite.Index.Text;

/// <summary>Writes FTS5 queries. Every term is quoted: unquoted, a hyphen or a NEAR would be an operator.</summary>
internal static class FtsQuery
{
    /// <summary>One clause of a search; a word also matches any of its variants.</summary>
    public static string Clause(TextClause clause, IReadOnlyList<string> variants) => clause switch
    {
        TextClause.Word word when variants.Count == 0 => Quote(word.Term),
        TextClause.Word word => $"({Quote(word.Term)} OR {string.Join(" OR ", variants.Select(Quote))})",
        TextClause.Prefix prefix => Prefix(prefix.Term),
        TextClause.Phrase phrase => Quote(string.Join(' ', phrase.Terms)),
        _ => throw new ArgumentOutOfRangeException(nameof(clause), clause, "Not a clause."),
    };

    /// <summary>Words that begin so.</summary>
    public static string Prefix(string term)
    {
        Rune.DecodeFromUtf16(term, out var initial, out var length);
        return length == term.Length ? Quote($"{IndexedText.Initial}{initial}") : Quote(term) + " *";
    }

    /// <summary>All of them.</summary>
    public static string All(IEnumerable<string> clauses) => string.Join(" AND ", clauses);

    /// <summary>The same, within some columns.</summary>
    public static string Within(string columns, string query) => $"{{{columns}}} : ({query})";

    /// <summary>A word or a phrase.</summary>
    public static string Quote(string words) => $"\"{words.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
