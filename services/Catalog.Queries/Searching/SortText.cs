using System.Text;

namespace Catalog.Queries;

/// <summary>
/// The key by which text is sorted, the same on every index: folded as <see cref="Tokenizer.Fold"/> does, in UTF-8, at most <see cref="MaxBytes"/> long,
/// compared byte by byte. Null for an empty text, which sorts as missing.
/// </summary>
public static class SortText
{
    /// <summary>The longest key.</summary>
    public const int MaxBytes = 128;

    /// <summary>The key of a text; null if it is empty.</summary>
    public static byte[]? Key(string text)
    {
        if (text.Length == 0) return null;
        var key = Encoding.UTF8.GetBytes(Tokenizer.Fold(text.AsSpan(0, Math.Min(text.Length, MaxBytes))));
        return key.Length <= MaxBytes ? key : key[..MaxBytes];
    }
}
