using Catalog.Queries;
using Catalog.Sqlite.Index.Text;
using CsCheck;

namespace Catalog.Tests.Index;

/// <summary>Words that are nearly another.</summary>
public sealed class VocabularyTests
{
    private static readonly Gen<string> Word = Gen.OneOf(
        Gen.String[Gen.Char["abc"], 1, 9], Gen.String[Gen.Char["abcdefgh"], 3, 12],
        Gen.OneOf("a𝒳b", "𝒳𝒴", "ab𝒴", "žluťoučký", new string('a', 40), new string('b', 50)));

    [Fact]
    public void The_walk_finds_what_comparing_every_word_finds() =>
        Gen.Select(Word.Array[0, 300], Word.Array[1, 10], Gen.Int[1, 2]).Sample((words, wanted, typos) =>
        {
            var sorted = SortedWords.Empty;
            var distinct = words.Where(word => !word.Any(char.IsSurrogate) && word.Length <= Vocabulary.MaxLength).Distinct().ToArray();
            foreach (var part in distinct.Chunk(70)) sorted = sorted.Merge(part);
            foreach (var word in wanted)
            {
                List<(string, int)> found = [];
                sorted.FindNear(word, typos, found);
                Assert.Equal(Near(distinct, word, typos), found.Order());
            }
        });

    [Fact]
    public void New_words_are_found_while_they_are_not_sorted_in_and_afterwards()
    {
        var vocabulary = new Vocabulary();
        List<string> added = [];
        for (var i = 0; i < 10_000; i++)
        {
            var word = $"w{(char)('a' + i % 26)}{(char)('a' + i / 26 % 26)}{(char)('a' + i / 676)}𝒳"[..(i % 5 == 0 ? 6 : 4)];
            added.Add(word);
            vocabulary.Add([word, word]);
            if (i % 997 != 0) continue;
            Assert.Equal(Near(added.Distinct(), "wabc", 1), vocabulary.FindNear("wabc", 1).Order());
            Assert.Contains((word, 1), vocabulary.FindNear("x" + word[1..], 1));
        }
    }

    private static IEnumerable<(string, int)> Near(IEnumerable<string> words, string wanted, int typos) =>
        words.Select(word => (word, EditDistance.Bounded(wanted, word, typos))).Where(pair => pair.Item2 > 0 && pair.Item2 <= typos).Order();
}
