using Catalog.Queries;
using CsCheck;

namespace Catalog.Tests.Queries.Searching;

public class EditDistanceTests
{
    // Few letters, so that random words are often near to each other; two of them are two chars long.
    private static readonly Gen<string> Words = Gen.OneOf("a", "b", "c", "😀", "😁").List[0, 9].Select(string.Concat);
    private static readonly Gen<string> Plain = Gen.String[Gen.Char["abc"], 0, 9];

    [Theory]
    [InlineData("lamp", "lamp", 0)]
    [InlineData("lamp", "lmap", 1)]
    [InlineData("lamp", "lam", 1)]
    [InlineData("lamp", "clamp", 1)]
    [InlineData("lamp", "lump", 1)]
    [InlineData("speaker", "spaeekr", 2)]
    [InlineData("ca", "abc", 3)]
    [InlineData("", "ab", 2)]
    [InlineData("😀b", "b😀", 1)]
    [InlineData("😀", "😁", 1)]
    public void The_distance_of_two_words_is(string left, string right, int distance) => Assert.Equal(distance, EditDistance.Bounded(left, right, 5));

    [Fact]
    public void A_bounded_distance_is_the_distance_up_to_its_bound() => Gen.Select(Gen.OneOf<string>(Words, Plain), Gen.OneOf<string>(Words, Plain), Gen.Int[0, 4]).Sample(
        (left, right, max) => EditDistance.Bounded(left, right, max) == Math.Min(Reference(left, right), max + 1), iter: 20_000);

    // The textbook's table over code points.
    private static int Reference(string from, string to)
    {
        int[] a = [.. from.EnumerateRunes().Select(rune => rune.Value)], b = [.. to.EnumerateRunes().Select(rune => rune.Value)];
        var table = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    table[i, j] = i + j;
                    continue;
                }
                table[i, j] = Math.Min(Math.Min(table[i - 1, j], table[i, j - 1]) + 1, table[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) table[i, j] = Math.Min(table[i, j], table[i - 2, j - 2] + 1);
            }
        }
        return table[a.Length, b.Length];
    }
}
