using System.Text.Json.Nodes;

namespace Catalog.SystemTests.Clients;

/// <summary>A person at a terminal: grpcurl, which learns everything from reflection.</summary>
public sealed class GrpcurlTests(SharedCatalog shared)
{
    private const string Commands = "catalog.v1.ProductCommandService", Queries = "catalog.v1.ProductQueryService";

    [Fact]
    public async Task A_session_creates_changes_finds_and_is_refused_with_details()
    {
        var word = TestProducts.Word();
        var name = TestProducts.Name(word);
        Assert.Contains("rpc ChangePrice", (await RunAsync("describe", Commands)).Output, StringComparison.Ordinal);

        await CallAsync(Commands, "CreateProduct", $$$"""{"product_id":"{{{word}}}","product":{"sku":"{{{word}}}","title":"Desk {{{word}}}","brand":"{{{word}}}","price":{"currency_code":"USD","units":20} } }""");
        await CallAsync(Commands, "ChangePrice", $$"""{"name":"{{name}}","price":{"currency_code":"USD","units":19,"nanos":990000000} }""");
        var receipt = await CallAsync(Commands, "AdjustStock", $$"""{"name":"{{name}}","delta":5,"reason":"delivered"}""");
        Assert.Equal("3", (string?)receipt["version"]);

        var found = await CallAsync(Queries, "SearchProducts", $$"""{"query":"{{word}}","facets":["brand"],"consistency_tokens":["{{Field(receipt, "consistencyToken", "consistency_token")}}"]}""");
        Assert.Equal((name, "5"), ((string?)found["results"]![0]!["product"]!["name"], Field(found["results"]![0]!["product"]!, "stockQuantity", "stock_quantity")));
        Assert.Equal((word, "1"), ((string?)found["facets"]![0]!["values"]![0]!["value"], (string?)found["facets"]![0]!["values"]![0]!["count"]));

        var refused = await RunAsync("-d", $$"""{"name":"{{name}}","delta":-6,"reason":"sold"}""", Address, $"{Commands}/AdjustStock");
        Assert.NotEqual(0, refused.Code);
        foreach (var part in new[] { "Code: FailedPrecondition", "INSUFFICIENT_STOCK", "google.rpc.PreconditionFailure", "There are 5 units" })
            Assert.Contains(part, refused.Output + refused.Errors, StringComparison.Ordinal);
    }

    // Builds of grpcurl differ in which names they print.
    private static string? Field(JsonNode message, string json, string proto) => (string?)(message[json] ?? message[proto]);

    private string Address => shared.Catalog.Commands.Target;

    private async Task<JsonNode> CallAsync(string service, string method, string json)
    {
        var (code, output, errors) = await RunAsync("-d", json, Address, $"{service}/{method}");
        Assert.True(code == 0, errors);
        return JsonNode.Parse(output)!;
    }

    private Task<(int Code, string Output, string Errors)> RunAsync(params string[] arguments) =>
        ClientProgram.RunAsync(ClientProgram.Tool("TEST_GRPCURL"), ["-plaintext", .. arguments is ["describe", ..] ? [Address] : Array.Empty<string>(), .. arguments]);
}
