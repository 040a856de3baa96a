using System.Net;
using System.Text.RegularExpressions;
using Catalog.Queries;
using Catalog.V1;
using CsCheck;

namespace Catalog.Tests.Queries.Searching;

public partial class HighlighterTests
{
    [Theory]
    [InlineData("lamp", "A Lamp, two lamps", "A <em>Lamp</em>, two <em>lamps</em>")]
    [InlineData("speeker", "Big Speaker", "Big <em>Speaker</em>")]
    [InlineData("gard*", "Gardener's garden", "<em>Gardener</em>&#39;s <em>garden</em>")]
    [InlineData("\"big lamp\"", "big blue lamp, big lamp", "big blue lamp, <em>big</em> <em>lamp</em>")]
    [InlineData("usb-c", "USB-C and USB-A", "<em>USB</em>-<em>C</em> and USB-A")]
    [InlineData("cafe", "Le Café", "Le <em>Café</em>")]
    [InlineData("lamp", "<script>alert('lamp')</script> & \"more\"", "&lt;script&gt;alert(&#39;<em>lamp</em>&#39;)&lt;/script&gt; &amp; &quot;more&quot;")]
    public void Matching_words_are_marked_and_everything_is_escaped(string query, string title, string marked) =>
        Assert.Equal(marked, Assert.Single(Highlights(query, new Product { Title = title })).Fragment);

    [Fact]
    public void Every_field_that_matches_is_shown()
    {
        var product = new Product
        {
            Title = "Lamp", Brand = "Lamp Co", Sku = "LAMP-1", Categories = { "Garden", "Lamp" },
            Attributes = { ["b"] = "lamp", ["a"] = "a lamp", ["lamp"] = "key only" }, Description = "Some lamp.",
        };
        Assert.Equal(
            ["title=<em>Lamp</em>", "brand=<em>Lamp</em> Co", "sku=<em>LAMP</em>-1", "categories=<em>Lamp</em>", "attributes.a=a <em>lamp</em>",
                "attributes.b=<em>lamp</em>", "description=Some <em>lamp</em>."],
            Highlights("lamp", product).Select(highlight => $"{highlight.Field}={highlight.Fragment}"));
    }

    [Fact]
    public void Nothing_is_shown_without_a_query() => Assert.Empty(Highlights("", new Product { Title = "Lamp" }));

    [Fact]
    public void Of_a_long_description_the_part_with_the_most_words_of_the_query_is_shown()
    {
        var filler = string.Join(' ', Enumerable.Repeat("filler", 50));
        var product = new Product { Description = $"lamp lamp lamp {filler} a green lamp for the garden {filler}" };
        var fragment = Assert.Single(Highlights("garden lamp", product)).Fragment;
        Assert.Contains("green <em>lamp</em> for the <em>garden</em>", fragment, StringComparison.Ordinal);
        Assert.StartsWith("…filler", fragment, StringComparison.Ordinal);
        Assert.EndsWith("filler…", fragment, StringComparison.Ordinal);
        Assert.InRange(Plain(fragment).Length, 120, Fragment.MaxLength + 2);
    }

    [Theory]
    [InlineData("l")]
    [InlineData("la")]
    public void A_word_longer_than_a_fragment_is_cut_between_characters(string beginning)
    {
        var product = new Product { Description = "before " + beginning + string.Concat(Enumerable.Repeat("𝒳", 200)) + " after" };
        var fragment = Assert.Single(Highlights("l*", product)).Fragment;
        Assert.DoesNotContain('\uFFFD', string.Concat(fragment.EnumerateRunes()));
        Assert.EndsWith("𝒳</em>…", fragment, StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_the_text_a_fragment_is_a_part_of_it_and_safe_to_show() => Gen.Select(
        Gen.OneOf<string>(Gen.OneOf("lamp ", "lamps", "<b>", "&", "\"", "😀", "é", " ", "filler ", new string('l', 200)).List[0, 80].Select(string.Concat), Gen.String[0, 400]),
        Gen.OneOf("lamp", "l*", "\"lamp lamps\"", "lamp filler")).Sample((text, query) =>
    {
        foreach (var highlight in Highlights(query, new Product { Description = text }))
        {
            Assert.Contains("<em>", highlight.Fragment, StringComparison.Ordinal);
            Assert.DoesNotMatch(Unsafe(), highlight.Fragment);
            var plain = Plain(highlight.Fragment);
            var (from, to) = (plain.StartsWith('…') && !text.StartsWith('…') ? 1 : 0, plain.EndsWith('…') && !text.EndsWith('…') ? 1 : 0);
            Assert.Contains(plain[from..^to], text, StringComparison.Ordinal);
            Assert.True(plain.Length <= Fragment.MaxLength + 2, plain);
        }
    }, iter: 3_000);

    [Theory]
    [InlineData("Garden lamp", "gard", "<em>Gard</em>en lamp")]
    [InlineData("Garden lamp", "lamp gar", "<em>Gar</em>den <em>lamp</em>")]
    [InlineData("Café & <b>", "cafe", "<em>Café</em> &amp; &lt;b&gt;")]
    [InlineData("Cafe\u0301s", "cafe", "<em>Cafe\u0301</em>s")]
    [InlineData("Desk", "garden", "Desk")]
    public void A_suggestion_shows_what_was_typed(string title, string typed, string marked) =>
        Assert.Equal(marked, Highlighter.Suggestion(title, [.. Tokenizer.Tokens(typed).Select(token => token.Term)]));

    private static List<Highlight> Highlights(string query, Product product)
    {
        Assert.True(SearchText.TryParse(query, out var clauses, out _));
        return [.. new Highlighter(clauses).Highlights(product)];
    }

    private static string Plain(string fragment) =>
        WebUtility.HtmlDecode(fragment.Replace("<em>", "", StringComparison.Ordinal).Replace("</em>", "", StringComparison.Ordinal));

    [GeneratedRegex("<(?!/?em>)|[\"']|&(?!(?:amp|lt|gt|quot|#39);)", RegexOptions.None, 1_000)]
    private static partial Regex Unsafe();
}
