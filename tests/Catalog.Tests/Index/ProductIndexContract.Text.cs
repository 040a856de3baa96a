using Catalog.Queries;
using Catalog.V1;

namespace Catalog.Tests.Index;

public abstract partial class ProductIndexContract
{
    [Theory]
    [InlineData("SKU-77")]
    [InlineData("hammer")]
    [InlineData("böhm")]
    [InlineData("werkzeug")]
    [InlineData("crimson")]
    [InlineData("unbreakable")]
    public async Task Every_text_of_a_product_is_searched(string query)
    {
        await WriteAsync(
            new Product
            {
                Name = "products/p", Sku = "SKU-77", Title = "A Hammer", Brand = "Böhm & Söhne", Categories = { "Garten", "Werkzeug" },
                Attributes = { ["color"] = "crimson" }, Description = "Quite unbreakable.", Version = 1, State = Product.Types.State.Draft,
            },
            Titled("other", "Something else"));
        Assert.Equal(["p"], await FindAsync(query));
    }

    [Theory]
    [InlineData("cafe")]
    [InlineData("CAFÉ")]
    [InlineData("cafe\u0301")]
    [InlineData("Кафе")]
    public async Task Case_and_accents_do_not_matter(string query)
    {
        await WriteAsync(Titled("p", "Le Café КАФЕ"));
        Assert.Equal(["p"], await FindAsync(query));
    }

    [Theory]
    [InlineData("drill", "p")]
    [InlineData("dirll", "p")] // neighbours swapped
    [InlineData("dril", "p")] // one left out
    [InlineData("drilll", "p")] // one too many
    [InlineData("grill", "p")] // another one
    [InlineData("gril", null)] // two, in a short word
    [InlineData("scrwedirver", "p")] // two swaps in a long word
    [InlineData("skrewdriver", "p")]
    [InlineData("skrwdrivr", null)] // three
    [InlineData("uzb", null)] // too short to forgive
    [InlineData("\"dirll\"", null)] // in quotes
    public async Task Words_forgive_as_many_typos_as_they_are_long(string query, string? found)
    {
        await WriteAsync(Titled("p", "usb drill screwdriver"));
        Assert.Equal(found is null ? [] : [found], await FindAsync(query));
    }

    [Fact]
    public async Task What_is_typed_right_comes_before_what_is_nearly_so()
    {
        await WriteAsync(
            Titled("grill", "grill"), new Product { Name = "products/drill", Sku = "d", Title = "A long title", Description = "with a drill at its end", Version = 1 });
        Assert.Equal(["drill", "grill"], await FindAsync("drill"));
        Assert.Equal(["grill", "drill"], await FindAsync("grill"));
    }

    [Fact]
    public async Task A_word_in_the_title_counts_for_more_than_one_in_the_description()
    {
        await WriteAsync(
            new Product { Name = "products/a", Sku = "a", Title = "Box", Description = "fits every drill", Version = 1 },
            new Product { Name = "products/b", Sku = "b", Title = "Cordless drill with two batteries", Version = 1 },
            new Product { Name = "products/c", Sku = "c", Title = "Bits", Categories = { "Drill accessories" }, Version = 1 },
            new Product { Name = "products/d", Sku = "d", Title = "Drill", Version = 1 });
        Assert.Equal(["d", "b", "c", "a"], await FindAsync("drill"));
    }

    [Fact]
    public async Task A_phrase_stays_within_one_value()
    {
        await WriteAsync(
            new Product { Name = "products/apart", Sku = "1", Title = "blue", Categories = { "one red", "hot pot" }, Attributes = { ["a"] = "iron", ["b"] = "pan" }, Version = 1 },
            new Product { Name = "products/together", Sku = "2", Title = "x", Categories = { "red hot" }, Attributes = { ["a"] = "iron pan" }, Version = 1 });
        Assert.Equal(["together"], await FindAsync("\"red hot\""));
        Assert.Equal(["together"], await FindAsync("\"iron pan\""));
        Assert.Empty(await FindAsync("\"blue red\""));
        Assert.Equal(["apart", "together"], (await FindAsync("red hot")).Order());
    }

    [Theory]
    [InlineData("h*", "p")]
    [InlineData("ha*", "p")]
    [InlineData("hammer*", "p")]
    [InlineData("磁*", "p")]
    [InlineData("amm*", null)]
    [InlineData("hammers*", null)]
    public async Task A_prefix_finds_the_words_that_begin_so(string query, string? found)
    {
        await WriteAsync(Titled("p", "Big Hammer 磁石"), Titled("q", "other"));
        Assert.Equal(found is null ? [] : [found], await FindAsync(query));
    }

    [Fact]
    public async Task What_looks_like_an_operator_is_a_word()
    {
        await WriteAsync(Titled("p", "NEAR and OR not"), Titled("q", "x-ray"), Titled("r", "xray"));
        Assert.Equal(["p"], await FindAsync("near OR"));
        Assert.Equal(["p"], await FindAsync("NOT"));
        Assert.Equal(["q"], await FindAsync("x-ray"));
        Assert.Empty(await FindAsync("title:x"));
    }

    [Fact]
    public async Task A_new_word_is_found_with_a_typo_at_once()
    {
        for (var i = 0; i < 30; i++)
        {
            await WriteAsync(Titled($"p{i}", $"gadget{(char)('a' + i % 26)}{(char)('a' + i / 26)}zzz"));
            Assert.Contains($"p{i}", await FindAsync($"gadgte{(char)('a' + i % 26)}{(char)('a' + i / 26)}zzz"));
        }
    }

    [Fact]
    public async Task A_word_that_was_looked_for_in_vain_is_found_with_a_typo_once_it_is_there_again()
    {
        await WriteAsync([.. Enumerable.Range(0, 30).Select(i => Titled($"p{i}", $"lamp {i}"))]);
        await WriteAsync(Titled("q", "zephyr"));
        await WriteAsync(Titled("q", "breeze", 2));
        Assert.Empty(await FindAsync("zephir"));
        await WriteAsync(Titled("q", "zephyr", 3));
        Assert.Equal(["q"], await FindAsync("zephir"));
    }

    [Fact]
    public async Task Suggestions_go_on_from_what_was_typed()
    {
        await WriteAsync(
            Titled("a", "Cordless drill"), Titled("b", "Drill"), Titled("c", "Drill bits for stone"), Titled("d", "Drone"),
            new Product { Name = "products/e", Sku = "e", Title = "Case", Description = "for a drill", Version = 1 }, RandomProducts.Tombstone("f", 1));
        Assert.Equal(["b", "c", "a"], await SuggestAsync(10, "dril"));
        Assert.Equal(["b", "d", "c", "a"], await SuggestAsync(10, "d"));
        Assert.Equal(["b", "d"], await SuggestAsync(2, "dr"));
        Assert.Equal(["c"], await SuggestAsync(10, "drill", "b"));
        Assert.Equal(["a"], await SuggestAsync(10, "drill", "cord"));
        Assert.Empty(await SuggestAsync(10, "bri"));
    }

    private async Task<string[]> SuggestAsync(int limit, params string[] words)
    {
        using var reader = await Index.OpenAsync(Cancellation);
        await reader.MakeSearchableAsync(Cancellation);
        return Ids(await reader.SuggestAsync(new SuggestPlan(words, limit), Cancellation));
    }
}
