using Catalog.Queries;

namespace Catalog.Tests.Queries.Searching;

public class SearchTextTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData(" \t", "")]
    [InlineData("?! *", "")]
    [InlineData("usb", "usb~0")]
    [InlineData("Lamp", "lamp~1")]
    [InlineData("speaker", "speaker~1")]
    [InlineData("speakers", "speakers~2")]
    [InlineData("Müller", "muller~1")]
    [InlineData("abc123456", "abc123456~0")]
    [InlineData("garden lamp", "garden~1 lamp~1")]
    [InlineData("\"garden lamp\"", "'garden lamp'")]
    [InlineData("\"Garden\"", "garden~0")]
    [InlineData("\"garden lamp", "'garden lamp'")]
    [InlineData("lamp \"big garden\"table", "lamp~1 'big garden' table~1")]
    [InlineData("gard*", "gard*")]
    [InlineData("usb-c", "'usb c'")]
    [InlineData("usb-c*", "usb~0 c*")]
    [InlineData("\"\" lamp", "lamp~1")]
    [InlineData("monitor 24\" ips \"wide screen\"", "monitor~1 24~0 ips~0 'wide screen'")]
    [InlineData("AND OR NOT (a:b)", "and~0 or~0 not~0 'a b'")]
    public void A_query_means(string query, string meaning)
    {
        Assert.True(SearchText.TryParse(query, out var clauses, out var problem), problem);
        Assert.Equal(meaning, string.Join(' ', clauses.Select(clause => clause switch
        {
            TextClause.Word word => $"{word.Term}~{word.Typos}",
            TextClause.Prefix prefix => $"{prefix.Term}*",
            TextClause.Phrase phrase => $"'{string.Join(' ', phrase.Terms)}'",
            _ => throw new InvalidOperationException(),
        })));
    }

    [Fact]
    public void A_query_has_at_most_32_words_and_1_KiB()
    {
        Assert.True(SearchText.TryParse(string.Join(' ', Enumerable.Repeat("a", 32)), out _, out _));
        Assert.False(SearchText.TryParse(string.Join('-', Enumerable.Repeat("a", 33)), out _, out var problem));
        Assert.Equal("more than 32 words", problem);
        Assert.True(SearchText.TryParse(new string('é', 512), out _, out _));
        Assert.False(SearchText.TryParse(new string('é', 513), out _, out problem));
        Assert.Equal("longer than 1,024 bytes", problem);
    }

    [Theory]
    [InlineData("Crème BRÛLÉE", "creme brulee")]
    [InlineData("Ångström Łódź Ærø", "angstrom lodz æro")]
    [InlineData("Việt Nam, İstanbul", "viet nam istanbul")]
    [InlineData("e\u0301t\u00e9", "ete")]
    [InlineData("ΆΛΦΑ Ёлка", "αλφα елка")]
    [InlineData("USB-C 2.0/x_y", "usb c 2 0 x y")]
    [InlineData("a😀b 𝒳", "a b 𝒳")]
    [InlineData("日本語", "日本語")]
    public void Words_are_cut_and_folded_whatever_the_runtime_knows_of_languages(string text, string terms) =>
        Assert.Equal(terms, string.Join(' ', Tokenizer.Tokens(text).Select(token => token.Term)));
}
