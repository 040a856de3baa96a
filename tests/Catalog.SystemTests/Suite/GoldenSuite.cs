using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Catalog.SystemTests;

/// <summary>
/// REST word for word: a story of requests, each held to its file in <c>tests/golden/rest</c>. Every host that serves REST must answer so.
/// <c>CATALOG_WRITE_GOLDEN=1</c> writes the files anew.
/// </summary>
public abstract partial class GoldenSuite(ICatalogUnderTest catalog)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly string Folder = Path.Combine(CatalogProcess.Repository, "tests", "golden", "rest");
    private static readonly bool Writing = Environment.GetEnvironmentVariable("CATALOG_WRITE_GOLDEN") == "1";

    // What differs from run to run, and stands in the files by a name.
    private static readonly (Regex Pattern, string Name)[] Changing =
    [
        (Time(), "<time>"), (Etag(), "\"etag\":\"<etag>\""), (Token(), "\"consistencyToken\":\"<token>\""), (PageToken(), "\"nextPageToken\":\"<page token>\""),
        (Position(), "\"$1\":\"<position>\""), (LogPlace(), "\"position\":\"<log position>\""), (EventId(), "\"eventId\":\"<event id>\""), (LogId(), "\"logId\":\"<log id>\""),
    ];

    [Fact]
    public async Task REST_answers_word_for_word()
    {
        var word = TestProducts.Word();
        var number = 0;
        foreach (var step in Story.Steps)
        {
            var request = step.Request.Replace("{w}", word, StringComparison.Ordinal);
            var (status, type, body, token) = await SendAsync(request, step.Body?.Replace("{w}", word, StringComparison.Ordinal));
            var file = Path.Combine(Folder, $"{++number:00}-{step.Name}.json");
            var golden = new JsonObject
            {
                ["request"] = step.Request, ["body"] = step.Body is null ? null : Lenient(step.Body),
                ["status"] = status, ["contentType"] = type, ["response"] = WithoutWordsOfParsers(step.Name, Lenient(Normalise(body).Replace(word, "{w}", StringComparison.Ordinal))),
            }.ToJsonString(Indented) + "\n";
            if (Writing)
            {
                Directory.CreateDirectory(Folder);
                await File.WriteAllTextAsync(file, golden);
            }
            else
            {
                Assert.Equal(await File.ReadAllTextAsync(file), golden);
            }
            _token = token ?? _token;
        }
        if (!Writing) Assert.Equal(number, Directory.GetFiles(Folder).Length);
    }

    private string _token = "";

    private async Task<(int Status, string? Type, string Body, string? Token)> SendAsync(string request, string? body)
    {
        var (verb, path) = (request.Split(' ')[0], request.Split(' ')[1].Replace("<token>", _token, StringComparison.Ordinal));
        using var message = new HttpRequestMessage(new HttpMethod(verb), new Uri(path, UriKind.Relative));
        if (body is not null) message.Content = new StringContent(body.Replace("<token>", _token, StringComparison.Ordinal), null, "application/json");
        using var response = await catalog.Rest.SendAsync(message);
        var answer = await response.Content.ReadAsStringAsync();
        var token = Token().Match(answer) is { Success: true } found ? found.Value.Split('"')[^2] : null;
        return ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, answer, token);
    }

    private static string Normalise(string body) => Changing.Aggregate(body, (text, change) => change.Pattern.Replace(text, change.Name));

    // What is wrong with a body or a parameter that cannot be read, every parser says in words of its own.
    private static JsonNode? WithoutWordsOfParsers(string step, JsonNode? answer)
    {
        if (!(step.EndsWith("-malformed", StringComparison.Ordinal) || step.EndsWith("-wrong-type", StringComparison.Ordinal)) || answer is not JsonObject error || error["details"] is not JsonArray details) return answer;
        foreach (var violation in details.Select(d => d!["fieldViolations"]).OfType<JsonArray>().SelectMany(v => v))
        {
            violation!["description"] = "<what is wrong>";
            error["message"] = $"{violation["field"]}: <what is wrong>";
        }
        return answer;
    }

    // A body that is no JSON stands in the file as text.
    private static JsonNode? Lenient(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", RegexOptions.ExplicitCapture)]
    private static partial Regex Time();

    [GeneratedRegex("\"etag\":\"\\d+-[0-9a-f]{8}\"")]
    private static partial Regex Etag();

    [GeneratedRegex("\"consistencyToken\":\"[A-Za-z0-9_-]+\"")]
    private static partial Regex Token();

    [GeneratedRegex("\"nextPageToken\":\"[A-Za-z0-9_-]+\"")]
    private static partial Regex PageToken();

    [GeneratedRegex("\"(watchPosition|position)\":\"[A-Za-z0-9_-]{20,}\"")]
    private static partial Regex Position();

    [GeneratedRegex("\"position\":\"\\d+\"")]
    private static partial Regex LogPlace();

    [GeneratedRegex("\"eventId\":\"[0-9a-f-]{36}\"")]
    private static partial Regex EventId();

    [GeneratedRegex("\"logId\":\"[0-9a-f]{32}\"")]
    private static partial Regex LogId();
}
