using System.Text;
using Catalog.Elasticsearch.Http;
using Catalog.Queries;

namespace Catalog.Elasticsearch.Writing;

/// <summary>
/// A text as the index takes it: the terms that <see cref="Tokenizer"/> makes, in UTF-8, with spaces between them, so that every index cuts text alike.
/// </summary>
internal static class TermsText
{
    private const int MaxTerm = SearchText.MaxTerm;

    // What a character of ASCII is in a term; 0 where it separates them.
    private static readonly byte[] Letters =
        [.. Enumerable.Range(0, 128).Select(c => char.IsAsciiLetterOrDigit((char)c) ? (byte)char.ToLowerInvariant((char)c) : (byte)0)];

    /// <summary>Appends the terms of a text; returns how many there are.</summary>
    public static int Append(string text, PooledBuffer to) => Ascii.IsValid(text) ? AppendAscii(text, to) : AppendAny(text, to);

    // Almost all text is this, and it costs a tenth.
    private static int AppendAscii(string text, PooledBuffer to)
    {
        var terms = to.GetSpan(text.Length + 1);
        int end = 0, count = 0, length = 0;
        foreach (var c in text)
        {
            var letter = Letters[c];
            if (letter == 0)
            {
                if (length > 0) terms[end++] = (byte)' ';
                length = 0;
                continue;
            }
            if (length == 0) count++;
            if (length++ < MaxTerm) terms[end++] = letter;
        }
        to.Advance(end);
        return count;
    }

    private static int AppendAny(string text, PooledBuffer to)
    {
        var count = 0;
        foreach (var (term, _, _) in Tokenizer.Tokens(text))
        {
            if (count++ > 0) to.Add((byte)' ');
            var cut = term.Length <= MaxTerm ? term.Length : char.IsHighSurrogate(term[MaxTerm - 1]) ? MaxTerm - 1 : MaxTerm;
            to.Advance(Encoding.UTF8.GetBytes(term.AsSpan(0, cut), to.GetSpan(cut * 3)));
        }
        return count;
    }
}
