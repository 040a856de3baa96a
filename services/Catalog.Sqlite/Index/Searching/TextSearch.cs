using Catalog.Queries;
using Catalog.Sqlite.Index.Text;

namespace Catalog.Sqlite.Index.Searching;

/// <summary>Finds the rows that hold the text of a search.</summary>
internal static class TextSearch
{
    /// <summary>How many words a mistyped one is taken for: the nearest, and of these the most frequent.</summary>
    public const int MaxVariants = 50;

    /// <summary>How many words the mistyped ones of a search are taken for in all.</summary>
    public const int MaxVariantsInAll = 400;

    /// <summary>
    /// In how many products these may occur, summed up; what would be too much is left out. Where many frequent words are near one another, a search
    /// would else take seconds, to find what hardly anybody meant.
    /// </summary>
    public const long MaxVariantFrequency = 150_000;

    // Of so many near words the frequency is looked up.
    private const int MaxCandidates = 200;

    /// <summary>Runs the text part of a search.</summary>
    public static Matches Run(ReadConnection connection, Vocabulary vocabulary, IReadOnlyList<TextClause> clauses, bool ranked, CancellationToken cancellation)
    {
        var limit = Math.Min(MaxVariants, MaxVariantsInAll / clauses.Count);
        var budget = MaxVariantFrequency;
        List<List<string>> variants = [];
        foreach (var clause in clauses) variants.Add(Variants(connection, vocabulary, clause, limit, ref budget));
        var queries = clauses.Zip(variants, FtsQuery.Clause).ToList();
        var matches = new Matches();
        try
        {
            foreach (var row in connection.Match(FtsQuery.All(queries)))
            {
                matches.Add(row);
                if ((matches.Count & 0xfff) == 0) cancellation.ThrowIfCancellationRequested();
            }
            if (ranked && matches.Count > 0) Rank(connection, clauses, variants, queries, matches, cancellation);
            return matches;
        }
        catch
        {
            matches.Dispose();
            throw;
        }
    }

    private static void Rank(
        ReadConnection connection, IReadOnlyList<TextClause> clauses, List<List<string>> variants, List<string> queries, Matches matches,
        CancellationToken cancellation)
    {
        matches.BeginRanking();
        // Whether any word near the typed ones is there now, must not decide: it may come and go between two pages.
        if (variants.Any(words => words.Count > 0))
            matches.AddExact(connection.Match(FtsQuery.All(clauses.Select(clause => FtsQuery.Clause(clause, [])))));
        else if (clauses.Any(clause => clause is TextClause.Word { Typos: > 0 }))
            matches.AllAreExact();
        for (var i = 0; i < Math.Min(clauses.Count, RankPoints.MaxClauses); i++)
        {
            cancellation.ThrowIfCancellationRequested();
            matches.AddNamed(connection.Match(FtsQuery.Within(Columns.Naming, queries[i])), clauses[i] is TextClause.Phrase phrase ? phrase.Terms.Count : 1);
            matches.AddDescribed(connection.Match(FtsQuery.Within(Columns.Describing, queries[i])));
        }
    }

    private static List<string> Variants(ReadConnection connection, Vocabulary vocabulary, TextClause clause, int limit, ref long budget)
    {
        List<string> variants = [];
        if (clause is not TextClause.Word { Typos: > 0 } word) return variants;
        var candidates = vocabulary.FindNear(word.Term, word.Typos)
            .OrderBy(found => found.Distance).ThenBy(found => found.Word, StringComparer.Ordinal).Take(MaxCandidates)
            .Select(found => (found.Word, found.Distance, Frequency: vocabulary.Frequencies.Of(found.Word, connection)))
            .OrderBy(found => found.Distance).ThenByDescending(found => found.Frequency).ThenBy(found => found.Word, StringComparer.Ordinal);
        foreach (var (variant, _, frequency) in candidates)
        {
            if (frequency == 0 || frequency > budget) continue;
            budget -= frequency;
            variants.Add(variant);
            if (variants.Count == limit) break;
        }
        return variants;
    }
}
