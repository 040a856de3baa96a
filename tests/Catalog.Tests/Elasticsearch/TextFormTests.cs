using System.Text;
using Catalog.Elasticsearch.Http;
using Catalog.Elasticsearch.Writing;
using Catalog.Queries;
using Catalog.Tests.Index;
using CsCheck;

namespace Catalog.Tests.Elasticsearch;

/// <summary>The forms in which texts go into the index lose nothing of what the query side relies on.</summary>
public sealed class TextFormTests
{
    private static readonly Gen<string> AnyText = Gen.OneOf(
        RandomProducts.Text, Gen.String[Gen.Char[' ', '~'], 0, 40], Gen.String[Gen.OneOf('a', 'Z', '9', '_', 'é', '磁', 'İ', '\u0301', ' ', '-', '\t'), 0, 60],
        Gen.OneOf("aé磁𝒳", "磁磁é", "𝒳a𝒴").Array[0, 50].Select(string.Concat));

    [Fact]
    public void The_terms_of_a_text_are_those_of_the_tokenizer() => AnyText.Sample(text =>
    {
        var buffer = new PooledBuffer();
        var count = TermsText.Append(text, buffer);
        string[] terms = [.. Tokenizer.Tokens(text).Select(token => token.Term)];
        Assert.Equal(terms.Length, count);
        Assert.Equal(terms, Encoding.UTF8.GetString(buffer.Written.Span).Split(' ', StringSplitOptions.RemoveEmptyEntries));
    });

    [Fact]
    public void A_word_beyond_all_measure_is_cut_between_characters()
    {
        foreach (var text in (string[])[new('a', 5000), new string('é', 5000), string.Concat(Enumerable.Repeat("𝒳", 5000)), "é" + string.Concat(Enumerable.Repeat("𝒳", 5000))])
        {
            var buffer = new PooledBuffer();
            TermsText.Append(text, buffer);
            var term = Encoding.UTF8.GetString(buffer.Written.Span).TrimEnd();
            Assert.StartsWith(term, Tokenizer.Fold(text), StringComparison.Ordinal);
            Assert.InRange(term.Length, 1023, 1024);
        }
    }

    [Fact]
    public void Sort_keys_keep_their_order_and_are_read_back_as_they_were() => Gen.Select(AnyText, AnyText).Sample((left, right) =>
    {
        if (SortKeys.Of(left) is not { } a || SortKeys.Of(right) is not { } b) return;
        Assert.Equal(
            Math.Sign(SortText.Key(left).AsSpan().SequenceCompareTo(SortText.Key(right))),
            Math.Sign(a.AsSpan().SequenceCompareTo(b)));
        var strict = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
        Assert.Equal(SortText.Key(left), SortKeys.Parse(strict.GetString(a)));
        Assert.Equal(a, SortKeys.Complete(SortText.Key(left)!));
    });
}
