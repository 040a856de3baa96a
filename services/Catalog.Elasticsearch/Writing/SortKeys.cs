using System.Text;
using Catalog.Queries;

namespace Catalog.Elasticsearch.Writing;

/// <summary>
/// <see cref="SortText"/> keys as keywords. A key that is cut within a character is no UTF-8 and cannot stand in JSON, so the character is completed by the least
/// bytes that make one: the order stays as it was, and what was added can be told from its place.
/// </summary>
internal static class SortKeys
{
    /// <summary>The keyword of a text; null if it has no key.</summary>
    public static byte[]? Of(string text) => SortText.Key(text) is { Length: > 0 } key ? Complete(key) : null;

    /// <summary>The key as a keyword.</summary>
    public static byte[] Complete(byte[] key)
    {
        if (key.Length < SortText.MaxBytes) return key;
        var start = key.Length - 1;
        while (start > 0 && (key[start] & 0xC0) == 0x80) start--;
        var length = key[start] switch { < 0xC0 => 1, < 0xE0 => 2, < 0xF0 => 3, _ => 4 };
        var have = key.Length - start;
        if (have >= length) return key;
        byte[] whole = [.. key, .. Enumerable.Repeat((byte)0x80, length - have)];
        if (have == 1 && key[start] == 0xE0) whole[start + 1] = 0xA0;
        if (have == 1 && key[start] == 0xF0) whole[start + 1] = 0x90;
        return whole;
    }

    /// <summary>The key that a keyword stands for.</summary>
    public static byte[] Parse(string keyword)
    {
        var bytes = Encoding.UTF8.GetBytes(keyword);
        return bytes.Length <= SortText.MaxBytes ? bytes : bytes[..SortText.MaxBytes];
    }
}
