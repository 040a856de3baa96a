using System.Buffers.Binary;
using System.Net;
using System.Text;
using Catalog.V1;
using Google.Protobuf;

namespace Catalog.SystemTests.Gateway;

/// <summary>Pages call the catalog by gRPC-Web.</summary>
public sealed class BrowserTests(SharedCatalog shared)
{
    private const string Shop = "https://shop.example.com";
    private static readonly object Cors = new { cors = new { allowOrigins = new[] { Shop } } };

    [Theory]
    [InlineData("application/grpc-web+proto")]
    [InlineData("application/grpc-web-text+proto")]
    public async Task A_page_creates_and_reads_over_gRPC_Web(string type)
    {
        await using var gateway = await GatewayProcess.StartAsync(shared.Catalog);
        var word = TestProducts.Word();
        var (receipt, end) = await CallAsync(gateway, "ProductCommandService/CreateProduct", TestProducts.Create(word), CommandReceipt.Parser, type);
        Assert.Equal((TestProducts.Name(word), "0"), (receipt!.Name, end["grpc-status"]));
        var (product, _) = await CallAsync(gateway, "ProductQueryService/GetProduct", new GetProductRequest { Name = receipt.Name, ConsistencyTokens = { receipt.ConsistencyToken } }, Product.Parser, type);
        Assert.Equal("A lamp", product!.Title);
    }

    [Theory]
    [InlineData("application/grpc-web+proto")]
    [InlineData("application/grpc-web-text+proto")]
    public async Task A_page_reads_the_details_of_errors(string type)
    {
        await using var gateway = await GatewayProcess.StartAsync(shared.Catalog);
        var (none, end) = await CallAsync(gateway, "ProductQueryService/GetProduct", new GetProductRequest { Name = "products/none-of-these" }, Product.Parser, type);
        Assert.Null(none);
        Assert.Equal("5", end["grpc-status"]);
        Details(end).Is(Grpc.Core.StatusCode.NotFound, ErrorReason.ProductNotFound);
    }

    [Fact]
    public async Task A_page_is_told_of_the_gateways_own_errors_in_the_same_way()
    {
        await using var gateway = await GatewayProcess.StartAsync([$"127.0.0.1:{ServerProcess.FreePorts(1)}"], [shared.Catalog.Queries.Target], Cors);
        var (_, end) = await CallAsync(gateway, "ProductCommandService/CreateProduct", TestProducts.Create(), CommandReceipt.Parser, "application/grpc-web+proto");
        Assert.Equal("14", end["grpc-status"]);
        Details(end).Is(Grpc.Core.StatusCode.Unavailable, ErrorReason.ServiceUnavailable);
        Assert.Contains("grpc-status-details-bin", end["access-control-expose-headers"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_pages_of_the_origins_that_are_named_may_call()
    {
        await using var gateway = await GatewayProcess.StartAsync(shared.Catalog, Cors);
        foreach (var (path, method) in new[] { ("/catalog.v1.ProductCommandService/CreateProduct", "POST"), ("/v1/products/x", "PATCH") })
        {
            foreach (var (origin, allowed) in new[] { (Shop, Shop), ("https://evil.example.com", null) })
            {
                using var preflight = new HttpRequestMessage(HttpMethod.Options, path);
                preflight.Headers.Add("Origin", origin);
                preflight.Headers.Add("Access-Control-Request-Method", method);
                preflight.Headers.Add("Access-Control-Request-Headers", "content-type,x-grpc-web,authorization");
                using var answer = await gateway.Rest.SendAsync(preflight);
                Assert.Equal(allowed, Header(answer, "Access-Control-Allow-Origin"));
                if (allowed is null) continue;
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                Assert.Contains(method, Header(answer, "Access-Control-Allow-Methods"), StringComparison.Ordinal);
                Assert.Contains("x-grpc-web", Header(answer, "Access-Control-Allow-Headers"), StringComparison.Ordinal);
            }
        }
        using var get = new HttpRequestMessage(HttpMethod.Get, "/v1/products:search");
        get.Headers.Add("Origin", Shop);
        using var found = await gateway.Rest.SendAsync(get);
        Assert.Equal(Shop, Header(found, "Access-Control-Allow-Origin"));
        Assert.Contains("grpc-message", Header(found, "Access-Control-Expose-Headers"), StringComparison.Ordinal);
    }

    private static string? Header(HttpResponseMessage answer, string name) => answer.Headers.TryGetValues(name, out var values) ? values.Single() : null;

    private static Google.Rpc.Status Details(Dictionary<string, string> end)
    {
        var text = end["grpc-status-details-bin"];
        return Google.Rpc.Status.Parser.ParseFrom(Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '=')));
    }

    // As a browser does: HTTP/1.1, framed messages, then a frame of trailers, or all of it in the headers.
    private static async Task<(T? Message, Dictionary<string, string> End)> CallAsync<T>(GatewayProcess gateway, string method, IMessage request, MessageParser<T> parser, string type)
        where T : class, IMessage<T>
    {
        var isText = type.Contains("text", StringComparison.Ordinal);
        var message = request.ToByteArray();
        byte[] frame = [0, 0, 0, 0, 0, .. message];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        using var post = new HttpRequestMessage(HttpMethod.Post, $"/catalog.v1.{method}") { Content = new ByteArrayContent(isText ? Encoding.ASCII.GetBytes(Convert.ToBase64String(frame)) : frame) };
        post.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        post.Headers.Add("Accept", type);
        post.Headers.Add("X-Grpc-Web", "1");
        post.Headers.Add("Origin", Shop);
        using var response = await gateway.Rest.SendAsync(post);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.StartsWith(type.Split('+')[0], response.Content.Headers.ContentType!.ToString(), StringComparison.Ordinal);
        var end = response.Headers.ToDictionary(h => h.Key, h => string.Join(',', h.Value), StringComparer.OrdinalIgnoreCase);
        var body = await response.Content.ReadAsByteArrayAsync();
        if (isText) body = DecodeText(Encoding.ASCII.GetString(body));
        T? answer = null;
        while (body.Length > 0)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(1));
            var content = body[5..(5 + length)];
            if (body[0] == 0) answer = parser.ParseFrom(content);
            else
                foreach (var line in Encoding.ASCII.GetString(content).Split("\r\n", StringSplitOptions.RemoveEmptyEntries)) end[line.Split(':')[0]] = line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
            body = body[(5 + length)..];
        }
        return (answer, end);
    }

    // Pieces of Base64, each of which may end with its own padding.
    private static byte[] DecodeText(string text)
    {
        using var bytes = new MemoryStream();
        for (var i = 0; i < text.Length; i += 4) bytes.Write(Convert.FromBase64String(text.Substring(i, 4)));
        return bytes.ToArray();
    }
}
