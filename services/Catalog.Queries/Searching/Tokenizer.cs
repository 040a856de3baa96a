using System.Globalization;
using System.Text;

namespace Catalog.Queries;

/// <summary>
/// Cuts text into terms the same way on every index: a term is a run of letters, digits and marks (Unicode L*, N*, M*), in lower case and without diacritics.
/// </summary>
public static class Tokenizer
{
    /// <summary>A term and where its characters stand in the text.</summary>
    public readonly record struct Token(string Term, int Start, int Length);

    /// <summary>The terms of a text, in order.</summary>
    public static IEnumerable<Token> Tokens(string text)
    {
        var start = -1;
        for (var i = 0; i <= text.Length; i++)
        {
            var inside = i < text.Length && (IsWordChar(text, i) || (start >= 0 && char.IsLowSurrogate(text[i])));
            if (inside && start < 0) start = i;
            if (!inside && start >= 0)
            {
                var term = Fold(text.AsSpan(start, i - start));
                if (term.Length > 0) yield return new Token(term, start, i - start);
                start = -1;
            }
        }
    }

    /// <summary>Lower case, without diacritics.</summary>
    public static string Fold(ReadOnlySpan<char> text)
    {
        if (System.Text.Ascii.IsValid(text))
            return string.Create(text.Length, text, static (chars, from) => from.ToLowerInvariant(chars));
        var folded = new StringBuilder(text.Length);
        Span<char> chars = stackalloc char[2];
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark) continue;
            var length = Rune.ToLowerInvariant(rune).EncodeToUtf16(chars);
            if (length == 1) folded.Append(Diacritics.Strip(chars[0]));
            else folded.Append(chars);
        }
        return folded.ToString();
    }

    private static bool IsWordChar(string text, int index) =>
        char.GetUnicodeCategory(text, index) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
            or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber
            or UnicodeCategory.OtherNumber or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;
}
