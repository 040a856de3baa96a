using Catalog.Queries;
using Catalog.Queries.Filtering;
using Catalog.V1;

namespace Catalog.Tests.Queries.Searching;

public class SearchRequestTests
{
    [Theory]
    [InlineData("", "", "")]
    [InlineData("lamp", "", "relevance")]
    [InlineData("?!", "", "")]
    [InlineData("lamp", "price desc, title", "Price desc,Title")]
    [InlineData("", "  name  asc ,sku", "Name,Sku")]
    [InlineData("", "create_time desc,update_time,stock_quantity,brand desc", "CreateTime desc,UpdateTime,StockQuantity,Brand desc")]
    public void An_order_is_read(string query, string orderBy, string order)
    {
        var plan = Sound(new SearchProductsRequest { Query = query, OrderBy = orderBy });
        Assert.Equal(order, string.Join(',', plan.Order.Select(by => by.Field is { } field ? field.Kind + (by.Descending ? " desc" : "") : "relevance")));
    }

    [Theory]
    [InlineData("categories", "cannot sort by `categories`; name, sku, title,")]
    [InlineData("price up", "`price up` is not a field with `desc` behind it or not")]
    [InlineData("price,", "`` is not a field")]
    [InlineData("price DESC", "`price DESC` is not a field")]
    [InlineData("price, price desc", "`price` comes twice")]
    [InlineData("attributes.color", "cannot sort by `attributes.color`")]
    public void An_order_that_makes_no_sense_is_refused(string orderBy, string says)
    {
        var violation = Assert.Single(Refused(new SearchProductsRequest { OrderBy = orderBy }));
        Assert.StartsWith("order_by: ", violation, StringComparison.Ordinal);
        Assert.Contains(says, violation, StringComparison.Ordinal);
    }

    [Fact]
    public void Facets_and_price_ranges_are_read()
    {
        var plan = Sound(new SearchProductsRequest
        {
            Facets = { "brand", "categories", "state", "price.currency_code", "attributes.color", "attributes.\"any key\"" },
            PriceRanges = { new PriceRange(), new PriceRange { From = "1.5" }, new PriceRange { From = "1.5", To = "2" } },
            FacetLimit = 100,
        });
        Assert.Equal(
            [new Field(FieldKind.Brand), new Field(FieldKind.Categories), new Field(FieldKind.State), new Field(FieldKind.CurrencyCode),
                new Field(FieldKind.Attribute, "color"), new Field(FieldKind.Attribute, "any key")], plan.Facets);
        Assert.Equal([(null, null), (1_500_000_000L, null), (1_500_000_000L, 2_000_000_000L)], plan.PriceRanges);
        Assert.Equal(100, plan.FacetLimit);
        Assert.Equal(10, Sound(new SearchProductsRequest()).FacetLimit);
    }

    [Fact]
    public void A_facet_of_a_key_that_no_attribute_can_have_is_refused() =>
        Assert.StartsWith("facets[1]: no attribute", Assert.Single(Refused(new SearchProductsRequest { Facets = { $"attributes.{new string('k', 128)}", $"attributes.{new string('k', 129)}" } })));

    [Theory]
    [InlineData(0, 20)]
    [InlineData(7, 7)]
    [InlineData(101, 100)]
    [InlineData(int.MaxValue, 100)]
    public void A_page_is_as_large_as_asked_for_up_to_100(int asked, int size) => Assert.Equal(size, Sound(new SearchProductsRequest { PageSize = asked }).PageSize);

    [Fact]
    public void Everything_that_is_wrong_is_told_at_once() => Assert.Equal(
        ["query", "filter", "order_by", "facet_limit", "page_size", "facets[0]", "facets[1]", "facets[4]", "price_ranges[0].from", "price_ranges[0].to", "price_ranges[1]"],
        Refused(new SearchProductsRequest
        {
            Query = new string('x', 2_000),
            Filter = "nonsense",
            OrderBy = "nonsense",
            FacetLimit = 101,
            PageSize = -1,
            Facets = { "title", "attributes", "brand", "state", "brand" },
            PriceRanges = { new PriceRange { From = "x", To = "1e5" }, new PriceRange { From = "2", To = "2" } },
        }).Select(violation => violation[..violation.IndexOf(':', StringComparison.Ordinal)]));

    [Fact]
    public void There_are_at_most_20_facets_and_20_price_ranges()
    {
        var request = new SearchProductsRequest();
        request.Facets.Add(Enumerable.Range(0, 20).Select(i => $"attributes.a{i}"));
        request.PriceRanges.Add(Enumerable.Range(0, 20).Select(i => new PriceRange { From = i.ToString(), To = "100" }));
        Sound(request);
        request.Facets.Add("brand");
        request.PriceRanges.Add(new PriceRange());
        Assert.Equal(["facets: more than 20", "price_ranges: more than 20"], Refused(request));
    }

    private static SearchPlan Sound(SearchProductsRequest request)
    {
        var violations = new Violations();
        var plan = SearchRequests.Read(request, violations);
        Assert.Empty(violations.Found);
        return plan;
    }

    private static List<string> Refused(SearchProductsRequest request)
    {
        var violations = new Violations();
        SearchRequests.Read(request, violations);
        return [.. violations.Found.Select(violation => $"{violation.Field}: {violation.Description}")];
    }
}
