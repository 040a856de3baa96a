using System.Net;
using System.Net.Sockets;
using System.Text;
using Catalog.V1;
using Grpc.Core;

namespace Catalog.SystemTests;

/// <summary>What a client can get wrong over REST is told to it as its own mistake: never a 500, never a stack trace.</summary>
public abstract class RestGarbageSuite(ICatalogUnderTest catalog)
{
    private const string Json = "application/json";

    [Theory]
    [InlineData("POST", "/v1/products", """{"sku":""", "body")]
    [InlineData("POST", "/v1/products", """{"sku":"A","title":"B"}}""", "body")]
    [InlineData("POST", "/v1/products", "[]", "body")]
    [InlineData("POST", "/v1/products", "\"text\"", "body", "product")]
    [InlineData("POST", "/v1/products", "7", "body", "product")]
    [InlineData("POST", "/v1/products", "not json", "body")]
    [InlineData("POST", "/v1/products", """{"sku":1,"title":"B"}""", "product.sku")]
    [InlineData("POST", "/v1/products", """{"sku":"A","title":{}}""", "product.title", "product")]
    [InlineData("POST", "/v1/products", """{"sku":"A","title":"B","attributes":{"a":1}}""", "product.attributes.a", "product.attributes[0].value")]
    [InlineData("POST", "/v1/products", """{"sku":"A","title":"B","attributes":[]}""", "product.attributes", "product")]
    [InlineData("POST", "/v1/products", """{"sku":"A","title":"B","stockQuantity":"many"}""", "product.stock_quantity")]
    [InlineData("POST", "/v1/products", """{"sku":"A","title":"B","stockQuantity":1.5}""", "product.stock_quantity")]
    [InlineData("POST", "/v1/products", """{"sku":"A","title":"B","stockQuantity":1e30}""", "product.stock_quantity")]
    [InlineData("POST", "/v1/products", """{"sku":"A","title":"B","stockQuantity":99999999999999999999}""", "product.stock_quantity")]
    [InlineData("POST", "/v1/products", """{"sku":"A","title":"B","price":12}""", "product.price")]
    [InlineData("POST", "/v1/products", """{"sku":"A","title":"B","state":"NONSENSE"}""", "product.state")]
    [InlineData("POST", "/v1/products", """{"sku":"A","title":"B","createTime":"yesterday"}""", "product.create_time")]
    [InlineData("POST", "/v1/products", """{"sku":"A","title":"B","price":{"currencyCode":"EUR","units":"x"}}""", "product.price.units")]
    [InlineData("POST", "/v1/products:batchWrite", """{"commands":[{"activate":1}]}""", "commands[0].activate")]
    [InlineData("POST", "/v1/products:search", """{"pageSize":"many"}""", "page_size")]
    [InlineData("POST", "/v1/products:search", """{"consistencyTokens":[1]}""", "consistency_tokens[0]")]
    [InlineData("POST", "/v1/products/x:adjustStock", """{"delta":true}""", "delta")]
    public async Task A_body_that_is_not_what_it_should_be_is_an_invalid_argument(string method, string path, string body, string field, string? atEnvoy = null) =>
        await RefusedAsync(method, path, Encoding.UTF8.GetBytes(body), Json, NamesTheFirstOnly ? atEnvoy ?? field : field);

    [Theory]
    [InlineData("/v1/products:search?pageSize=abc", "page_size")]
    [InlineData("/v1/products:search?pageSize=99999999999", "page_size")]
    [InlineData("/v1/products:search?page_size=1.5", "page_size")]
    [InlineData("/v1/products:search?highlight=maybe", "highlight")]
    [InlineData("/v1/products:suggest?query=a&pageSize=x", "page_size")]
    public async Task A_parameter_that_is_not_what_it_should_be_is_an_invalid_argument(string path, string field) => await RefusedAsync("GET", path, null, null, field);

    [Theory]
    [InlineData("POST", "/v1/products", """{"sku":"A","title":"","categories":"C"}""", "product.categories")]
    [InlineData("POST", "/v1/products:batchWrite", """{"commands":{}}""", "commands")]
    [InlineData("GET", "/v1/products:search?pageSize=1&pageSize=2", null, "page_size")]
    public async Task One_where_many_belong_and_many_where_one_belongs_are_invalid_arguments(string method, string path, string? body, string field)
    {
        var bytes = body is null ? null : Encoding.UTF8.GetBytes(body);
        if (!MixesOneAndMany)
        {
            await RefusedAsync(method, path, bytes, body is null ? null : Json, field);
            return;
        }
        using var response = await SendAsync(method, path, bytes, body is null ? null : Json);
        Assert.DoesNotContain($"\"field\":\"{field}\"", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    /// <summary>Whether one value counts as a list of one, and the last of several as the only one, as Envoy has it.</summary>
    protected virtual bool MixesOneAndMany => false;

    [Fact]
    public async Task Text_that_is_not_UTF_8_is_an_invalid_argument()
    {
        byte[] body = [.. "{\"sku\":\"A\",\"title\":\""u8, 0xC3, 0x28, 0xFF, .. "\"}"u8];
        await RefusedAsync("POST", "/v1/products", body, Json, "body");
    }

    [Fact]
    public async Task JSON_nested_without_end_is_an_invalid_argument()
    {
        var deep = string.Concat(Enumerable.Repeat("{\"a\":", 5_000)) + "1" + new string('}', 5_000);
        await RefusedAsync("POST", "/v1/products", Encoding.ASCII.GetBytes(deep), Json, "body");
        await RefusedAsync("POST", "/v1/products", Encoding.ASCII.GetBytes(new string('[', 100_000)), Json, "body");
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/octet-stream")]
    [InlineData("application/json; charset=nonsense")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData(null)]
    public async Task Another_content_type_is_an_invalid_argument(string? type) =>
        await RefusedAsync("POST", "/v1/products", "{}"u8.ToArray(), type, "content-type");

    [Fact]
    public async Task A_body_that_is_missing_is_said_to_be_missing()
    {
        foreach (var type in new[] { "application/json", "application/x-www-form-urlencoded" })
        {
            if (TakesNoBodyForAnEmptyOne) await RefusedAsync("POST", "/v1/products", [], type, "product.sku", "product.title");
            else await RefusedAsync("POST", "/v1/products", [], type, "body");
        }
    }

    /// <summary>Whether no body counts as an object without members, as Envoy has it.</summary>
    protected virtual bool TakesNoBodyForAnEmptyOne => false;

    [Fact]
    public async Task Fields_that_the_contract_does_not_know_are_passed_over()
    {
        var sku = TestProducts.Word();
        using var response = await SendAsync("POST", "/v1/products", Encoding.UTF8.GetBytes($$"""{"fromTheFuture":{"a":[1]},"sku":"{{sku}}","title":"T"}"""), Json);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task A_body_beyond_4_MiB_is_refused_with_what_to_do()
    {
        var body = Encoding.ASCII.GetBytes($$"""{"sku":"A","title":"B","description":"{{new string('d', 5 * 1024 * 1024)}}"}""");
        using var response = await SendAsync("POST", "/v1/products", body, Json);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        RestCall.ErrorOf(await response.Content.ReadAsStringAsync()).Is(StatusCode.ResourceExhausted, ErrorReason.MessageTooLarge);
    }

    [Theory]
    [InlineData("GET", "/v1/nothing", 404)]
    [InlineData("GET", "/", 404)]
    [InlineData("GET", "/v1/products/a/b/c", 404)]
    [InlineData("GET", "/v1/products/", 404)]
    [InlineData("POST", "/v1/products/x:unknownVerb", 404)]
    [InlineData("GET", "/../../etc/passwd", 404)]
    [InlineData("POST", "/admin/rebuild", 404)]
    [InlineData("POST", "/catalog.v1.ProductQueryService/GetProduct", 415)]
    public async Task A_path_that_is_not_there_is_not_found(string method, string path, int status)
    {
        using var response = await SendAsync(method, path, null, null);
        var body = await response.Content.ReadAsStringAsync();
        Refusal.HasNoStackTrace(body);
        Assert.Equal(status, (int)response.StatusCode);
        if (status != 404) return;
        var error = RestCall.ErrorOf(body);
        Assert.Equal(StatusCode.Unimplemented, (StatusCode)error.Code);
        Assert.Contains("protos/catalog/v1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_path_that_is_there_says_which_verbs_it_takes()
    {
        var refused = 0;
        foreach (var (path, verbs) in RestCall.Paths())
            foreach (var other in new[] { "GET", "POST", "PUT", "PATCH", "DELETE" }.Except(verbs))
            {
                using var response = await SendAsync(other, path, null, null);
                // Of several processes, the one that is asked knows its own paths only.
                if (KnowsSomePaths && response.StatusCode is (HttpStatusCode.NotFound or HttpStatusCode.BadRequest)) continue;
                Assert.True(response.StatusCode == HttpStatusCode.MethodNotAllowed, $"{other} {path}: {(int)response.StatusCode}");
                var error = RestCall.ErrorOf(await response.Content.ReadAsStringAsync());
                Assert.Equal(StatusCode.Unimplemented, (StatusCode)error.Code);
                refused++;
                Assert.Contains("Allow", error.Message, StringComparison.Ordinal);
                if (KnowsSomePaths) Assert.Subset(verbs.ToHashSet(StringComparer.Ordinal), response.Content.Headers.Allow.ToHashSet(StringComparer.Ordinal));
                else Assert.Equal(verbs, response.Content.Headers.Allow);
            }
        Assert.InRange(refused, RestCall.Paths().Count(), int.MaxValue);
    }

    /// <summary>Whether who is asked knows some of the paths only, as each of several processes does.</summary>
    protected virtual bool KnowsSomePaths => false;

    [Fact]
    public async Task Everything_that_does_not_fit_is_named_at_once_in_words_that_are_not_those_of_a_framework()
    {
        using var response = await SendAsync("POST", "/v1/products", """{"sku":1,"title":"B","price":{"units":"x","nanos":5000000000},"state":"ON","stockQuantity":"many","categories":null,"createTime":null}"""u8.ToArray(), Json);
        var error = RestCall.ErrorOf(await response.Content.ReadAsStringAsync());
        Assert.All(new[] { "System.", "Google.", "String", "Int64", "input string" }, word => Assert.DoesNotContain(word, error.Message, StringComparison.Ordinal));
        if (NamesTheFirstOnly) Assert.NotEmpty(error.Detail<Google.Rpc.BadRequest>()!.FieldViolations);
        else new Answer(null, error).FailsAt("product.categories", "product.price.nanos", "product.price.units", "product.sku", "product.state", "product.stock_quantity");
    }

    /// <summary>Whether the first value that does not fit is named alone, and sometimes only what it stands in, as Envoy does.</summary>
    protected virtual bool NamesTheFirstOnly => false;

    [Theory]
    [InlineData("GET /v1/products/%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")]
    [InlineData("GET /v1/products/%c3%28 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")]
    [InlineData("GET /v1/products:search?query=%c3%28&filter=%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")]
    [InlineData("GET /v1/products:search?query=a%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")]
    [InlineData("GET /v1/products:search?&&=&=x&query HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")]
    [InlineData("GET /v1/products:search?query.a.b.c=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")]
    [InlineData("GET /v1/products:search?priceRanges=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")]
    [InlineData("GET /v1/products:search?priceRanges.from=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")]
    [InlineData("GET /v1/products:search?pageSize=1&pageSize=2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")]
    [InlineData("PATCH /v1/products/x?updateMask=,,, HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")]
    [InlineData("POST /v1/products HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")]
    [InlineData("POST /v1/products HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nnot a chunk\r\n")]
    [InlineData("POST /v1/products HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: -5\r\nConnection: close\r\n\r\n")]
    [InlineData("POST /v1/products HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")]
    [InlineData("NONSENSE\r\n\r\n")]
    public async Task Raw_nonsense_is_answered_with_a_client_error_or_an_answer(string request)
    {
        var answer = await RawAsync(Encoding.Latin1.GetBytes(request));
        Refusal.HasNoStackTrace(answer);
        Assert.Matches("^HTTP/1.1 [24]", answer);
    }

    private async Task RefusedAsync(string method, string path, byte[]? body, string? type, params string[] fields)
    {
        using var response = await SendAsync(method, path, body, type);
        var answer = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.BadRequest, $"{(int)response.StatusCode} {answer}");
        new Answer(null, RestCall.ErrorOf(answer)).FailsAt(fields);
    }

    private Task<HttpResponseMessage> SendAsync(string method, string path, byte[]? body, string? type)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), new Uri(catalog.Rest.BaseAddress!, path));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            if (type is not null) request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }
        return catalog.Rest.SendAsync(request);
    }

    private async Task<string> RawAsync(byte[] request)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(catalog.Rest.BaseAddress!.Host, catalog.Rest.BaseAddress.Port);
        await using var stream = tcp.GetStream();
        await stream.WriteAsync(request);
        using var answer = new MemoryStream();
        await stream.CopyToAsync(answer).WaitAsync(Eventually.Patience);
        return Encoding.UTF8.GetString(answer.ToArray());
    }
}
