namespace Catalog.Tests.Queries.Filtering;

/// <summary>Compares texts as their UTF-8 bytes compare, without making them.</summary>
internal static class Utf8Order
{
    /// <summary>Less than zero, zero or more than zero, as <paramref name="left"/> comes before, equals or comes after <paramref name="right"/>.</summary>
    public static int Compare(string left, string right)
    {
        var same = left.AsSpan().CommonPrefixLength(right);
        return same == left.Length || same == right.Length ? left.Length - right.Length : Weight(left[same]) - Weight(right[same]);
    }

    // UTF-16 puts surrogates, which stand for the highest code points, below U+E000 to U+FFFF; UTF-8 does not.
    private static int Weight(char c) => char.IsSurrogate(c) ? c + 0x1_0000 : c;
}
