using Catalog.V1;

namespace Catalog.Queries;

/// <summary>
/// Shows where the text of a search matched in a product. Works on the products of a page, the same for every index. One for each search.
/// </summary>
internal sealed class Highlighter(IReadOnlyList<TextClause> clauses)
{
    // A page of long descriptions repeats most of its words; what a term matches is worked out once.
    private readonly Dictionary<string, uint> _known = new(StringComparer.Ordinal);

    /// <summary>The fields that matched, each with the value or its best part.</summary>
    public IEnumerable<Highlight> Highlights(Product product)
    {
        if (clauses.Count == 0) yield break;
        if (Mark(product.Title, shorten: false) is { } title) yield return new Highlight { Field = "title", Fragment = title };
        if (Mark(product.Brand, shorten: false) is { } brand) yield return new Highlight { Field = "brand", Fragment = brand };
        if (Mark(product.Sku, shorten: false) is { } sku) yield return new Highlight { Field = "sku", Fragment = sku };
        foreach (var category in product.Categories)
            if (Mark(category, shorten: false) is { } fragment) yield return new Highlight { Field = "categories", Fragment = fragment };
        foreach (var (key, value) in product.Attributes.OrderBy(attribute => attribute.Key, StringComparer.Ordinal))
            if (Mark(value, shorten: true) is { } fragment) yield return new Highlight { Field = "attributes." + key, Fragment = fragment };
        if (Mark(product.Description, shorten: true) is { } description) yield return new Highlight { Field = "description", Fragment = description };
    }

    /// <summary>A title with what was typed so far marked: whole words, and the beginnings that the last word stands for.</summary>
    public static string Suggestion(string title, IReadOnlyList<string> words)
    {
        List<(int Start, int Length)> marks = [];
        foreach (var token in Tokenizer.Tokens(title))
        {
            if (token.Term.StartsWith(words[^1], StringComparison.Ordinal)) marks.Add((token.Start, LengthOf(words[^1], title.AsSpan(token.Start, token.Length))));
            else if (words.Contains(token.Term, StringComparer.Ordinal)) marks.Add((token.Start, token.Length));
        }
        return Fragment.Render(title, marks, 0, title.Length);
    }

    private string? Mark(string text, bool shorten)
    {
        List<Tokenizer.Token> tokens = [.. Tokenizer.Tokens(text)];
        var hits = new uint[tokens.Count];
        for (var i = 0; i < hits.Length; i++) hits[i] |= HitsOf(tokens[i].Term);
        for (var clause = 0; clause < clauses.Count; clause++)
            if (clauses[clause] is TextClause.Phrase phrase) MarkPhrase(phrase.Terms, 1u << clause, tokens, hits);

        List<Fragment.Match> matches = [];
        for (var i = 0; i < hits.Length; i++)
            if (hits[i] != 0) matches.Add(new Fragment.Match(tokens[i].Start, tokens[i].Length, hits[i]));
        if (matches.Count == 0) return null;
        var (from, to) = shorten ? Fragment.Best(text, tokens, matches) : (0, text.Length);
        return Fragment.Render(text, matches.Select(match => (match.Start, match.Length)), from, to);
    }

    private static void MarkPhrase(IReadOnlyList<string> terms, uint bit, List<Tokenizer.Token> tokens, uint[] hits)
    {
        for (var start = 0; start + terms.Count <= tokens.Count; start++)
        {
            var length = 0;
            while (length < terms.Count && string.Equals(tokens[start + length].Term, terms[length], StringComparison.Ordinal)) length++;
            for (var i = 0; length == terms.Count && i < length; i++) hits[start + i] |= bit;
        }
    }

    // One bit for each clause that a single term satisfies; a query has at most as many words as there are bits.
    private uint HitsOf(string term)
    {
        if (_known.TryGetValue(term, out var hits)) return hits;
        for (var clause = 0; clause < clauses.Count; clause++)
        {
            var hit = clauses[clause] switch
            {
                TextClause.Word word => EditDistance.Bounded(word.Term, term, word.Typos) <= word.Typos,
                TextClause.Prefix prefix => term.StartsWith(prefix.Term, StringComparison.Ordinal),
                _ => false,
            };
            if (hit) hits |= 1u << clause;
        }
        _known.Add(term, hits);
        return hits;
    }

    // How many characters of a word fold to the beginning that was typed; a mark belongs to the letter before it.
    private static int LengthOf(string typed, ReadOnlySpan<char> word)
    {
        var length = word.Length;
        while (length > 0 && !string.Equals(Tokenizer.Fold(word[..length]), typed, StringComparison.Ordinal)) length--;
        return length;
    }
}
