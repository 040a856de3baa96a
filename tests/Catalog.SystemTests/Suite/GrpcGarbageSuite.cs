using System.Net;
using System.Net.Http.Headers;
using Catalog.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Catalog.SystemTests;

/// <summary>What a client can get wrong over gRPC is told to it as its own mistake: never INTERNAL or UNKNOWN, never a stack trace.</summary>
public abstract class GrpcGarbageSuite(ICatalogUnderTest catalog)
{
    private const string Commands = "catalog.v1.ProductCommandService", Queries = "catalog.v1.ProductQueryService";

    [Fact]
    public async Task Text_that_is_not_UTF_8_is_refused_by_every_command()
    {
        byte[] broken = [0xC3, 0x28, 0xFF];
        var name = (await catalog.CreatedAsync()).Name;
        (string Method, byte[] Request)[] calls =
        [
            ("CreateProduct", [.. Field(1, [.. Field(2, "SKU"u8), .. Field(3, broken)])]),
            ("UpdateProduct", [.. Field(1, [.. Field(1, System.Text.Encoding.ASCII.GetBytes(name)), .. Field(3, broken)])]),
            ("UpdateProduct", [.. Field(1, [.. Field(1, System.Text.Encoding.ASCII.GetBytes(name)), .. Field(7, [.. Field(1, "key"u8), .. Field(2, broken)])])]),
            ("AdjustStock", [.. Field(1, System.Text.Encoding.ASCII.GetBytes(name)), 0x10, 0x02, .. Field(3, broken)]),
            ("DeleteProduct", [.. Field(1, broken)]),
        ];
        foreach (var (method, request) in calls)
            (await Assert.ThrowsAsync<RpcException>(() => SendAsync($"{Commands}/{method}", request))).Is(StatusCode.InvalidArgument, ErrorReason.InvalidRequest);
    }

    [Fact]
    public async Task Text_that_is_not_UTF_8_is_refused_or_not_found_by_every_query()
    {
        byte[] broken = [0xC3, 0x28, 0xFF];
        foreach (var (method, field) in new[] { ("GetProduct", 1), ("BatchGetProducts", 1), ("SearchProducts", 1), ("SearchProducts", 2), ("SearchProducts", 3), ("SearchProducts", 5), ("SuggestProducts", 1) })
        {
            try
            {
                await SendAsync($"{Queries}/{method}", [.. Field(field, broken)]);
            }
            catch (RpcException e)
            {
                e.Is(StatusCode.InvalidArgument, ErrorReason.InvalidRequest);
            }
        }
    }

    [Theory]
    [InlineData("cut short", "0A7F01")]
    [InlineData("a tag of zero", "0000")]
    [InlineData("an endless number", "08FFFFFFFFFFFFFFFFFFFFFF")]
    [InlineData("a group that does not end", "0B")]
    public async Task Bytes_that_are_no_message_are_an_invalid_argument(string what, string hex)
    {
        foreach (var method in new[] { $"{Commands}/CreateProduct", $"{Commands}/BatchWriteProducts", $"{Queries}/SearchProducts" })
        {
            var error = (await Assert.ThrowsAsync<RpcException>(() => SendAsync(method, Convert.FromHexString(hex)))).Is(StatusCode.InvalidArgument, ErrorReason.InvalidRequest);
            Assert.True(error.Details.Count > 0, what);
        }
    }

    [Fact]
    public async Task Bytes_that_are_no_message_end_a_stream_with_an_invalid_argument()
    {
        var watch = catalog.Queries.CreateCallInvoker().AsyncServerStreamingCall(Raw($"{Queries}/WatchProducts", MethodType.ServerStreaming), null, default, [0x0A, 0x7F]);
        (await Assert.ThrowsAsync<RpcException>(() => watch.ResponseStream.MoveNext(CancellationToken.None))).Is(StatusCode.InvalidArgument, ErrorReason.InvalidRequest);
        var import = catalog.Commands.CreateCallInvoker().AsyncDuplexStreamingCall(Raw($"{Commands}/ImportProducts", MethodType.DuplexStreaming), null, default);
        await import.RequestStream.WriteAsync([0x0A, 0x7F]);
        (await Assert.ThrowsAsync<RpcException>(() => import.ResponseStream.MoveNext(CancellationToken.None))).Is(StatusCode.InvalidArgument, ErrorReason.InvalidRequest);
    }

    [Fact]
    public async Task Messages_nested_without_end_are_an_invalid_argument()
    {
        // Unknown groups within groups: deeper than any parser goes.
        var nested = new byte[20_000];
        Array.Fill(nested, (byte)0x7B, 0, 10_000);
        Array.Fill(nested, (byte)0x7C, 10_000, 10_000);
        (await Assert.ThrowsAsync<RpcException>(() => SendAsync($"{Commands}/CreateProduct", nested))).Is(StatusCode.InvalidArgument, ErrorReason.InvalidRequest);
    }

    [Fact]
    public async Task A_message_beyond_4_MiB_is_refused_with_what_to_do()
    {
        var create = TestProducts.Create(and: p => p.Description = new string('d', 4 * 1024 * 1024));
        var error = (await catalog.CallAsync(Via.Grpc, create)).Fails(StatusCode.ResourceExhausted, ErrorReason.MessageTooLarge);
        Assert.Contains("4 MiB", error.Message, StringComparison.Ordinal);
        var search = new SearchProductsRequest { Query = new string('q', 5 * 1024 * 1024) };
        (await catalog.CallAsync(Via.Grpc, search)).Fails(StatusCode.ResourceExhausted, ErrorReason.MessageTooLarge);
    }

    [Fact]
    public async Task An_unknown_method_or_service_is_unimplemented()
    {
        foreach (var method in new[] { $"{Commands}/Nothing", $"{Queries}/Nothing", "catalog.v1.Nothing/Nothing", $"{Commands}/GetProduct" })
            Assert.Equal(StatusCode.Unimplemented, (await Assert.ThrowsAsync<RpcException>(() => SendAsync(method, []))).StatusCode);
    }

    [Fact]
    public async Task A_deadline_that_has_passed_is_told()
    {
        using var http = new HttpClient();
        foreach (var timeout in new[] { "1n", "1u", "1m" })
        {
            // What is done in time counts, even if there was no time.
            using var response = await PostAsync(http, $"{Queries}/SearchProducts", [], ("grpc-timeout", timeout));
            Assert.Contains(Status(response), new[] { "0", "4" });
        }
        var late = await Assert.ThrowsAsync<RpcException>(async () => await catalog.Writes().CreateProductAsync(TestProducts.Create(), deadline: DateTime.UtcNow.AddSeconds(-1)));
        Assert.Equal(StatusCode.DeadlineExceeded, late.StatusCode);
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("text/plain")]
    public async Task Another_content_type_is_unsupported(string type)
    {
        using var http = new HttpClient();
        using var response = await PostAsync(http, $"{Queries}/SearchProducts", [], type: type);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }

    [Fact]
    public async Task GRPC_Web_is_spoken_by_the_gateway_alone()
    {
        using var http = new HttpClient();
        using var response = await PostAsync(http, $"{Queries}/SearchProducts", [], type: "application/grpc-web");
        Assert.Equal(SpeaksGrpcWeb ? HttpStatusCode.OK : HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }

    /// <summary>Whether browsers can call.</summary>
    protected virtual bool SpeaksGrpcWeb => false;

    [Fact]
    public async Task Broken_framing_is_not_a_fault_of_the_service()
    {
        using var http = new HttpClient();
        foreach (var body in new byte[][] { [], [0, 0, 0, 0], [0, 0, 0, 0, 9, 1], [1, 0, 0, 0, 1, 1], [7, 0, 0, 0, 0], [0, 255, 255, 255, 255] })
        {
            using var response = await PostAsync(http, $"{Commands}/CreateProduct", body, framed: true);
            var text = response.Headers.Concat(response.TrailingHeaders).SelectMany(h => h.Value);
            Assert.Contains(Status(response), new[] { "3", "12", "8" });
            Assert.All(text, Refusal.HasNoStackTrace);
        }
    }

    [Fact]
    public async Task Calls_that_are_cancelled_leave_the_service_well()
    {
        await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(i % 20));
            try
            {
                if (i % 2 == 0) await catalog.Writes().CreateProductAsync(TestProducts.Create(), cancellationToken: cancellation.Token);
                else await catalog.Reads().SearchProductsAsync(new SearchProductsRequest { Query = "lamp" }, cancellationToken: cancellation.Token);
            }
            catch (RpcException e)
            {
                // The client's own library calls it by several names; the service has nothing to say.
                Assert.True(e.GetRpcStatus() is null, e.ToString());
            }
        }));
        await catalog.GetAsync(await catalog.CreatedAsync());
    }

    private Task<byte[]> SendAsync(string method, byte[] request)
    {
        var channel = method.StartsWith(Queries, StringComparison.Ordinal) ? catalog.Queries : catalog.Commands;
        return channel.CreateCallInvoker().AsyncUnaryCall(Raw(method, MethodType.Unary), null, new CallOptions(deadline: DateTime.UtcNow + Eventually.Patience), request).ResponseAsync;
    }

    private static Method<byte[], byte[]> Raw(string method, MethodType type) =>
        new(type, method.Split('/')[0], method.Split('/')[1], Marshallers.Create<byte[]>(b => b, b => b), Marshallers.Create<byte[]>(b => b, b => b));

    private static byte[] Field(int number, ReadOnlySpan<byte> content)
    {
        using var stream = new MemoryStream();
        using (var output = new CodedOutputStream(stream, leaveOpen: true))
        {
            output.WriteTag(number, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(content));
        }
        return stream.ToArray();
    }

    private async Task<HttpResponseMessage> PostAsync(
        HttpClient http, string method, byte[] message, (string Name, string Value) header = default, string type = "application/grpc", bool framed = false)
    {
        var channel = method.StartsWith(Queries, StringComparison.Ordinal) ? catalog.Queries : catalog.Commands;
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{channel.Target}/{method}") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Content = new ByteArrayContent(framed ? message : [0, 0, 0, 0, (byte)message.Length, .. message]);
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        if (header.Name is not null) request.Headers.Add(header.Name, header.Value);
        var response = await http.SendAsync(request);
        await response.Content.ReadAsByteArrayAsync();
        return response;
    }

    private static string Status(HttpResponseMessage response) =>
        (response.TrailingHeaders.TryGetValues("grpc-status", out var status) || response.Headers.TryGetValues("grpc-status", out status) ? status : ["none"]).First();
}
