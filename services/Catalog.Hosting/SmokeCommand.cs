using System.CommandLine;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Catalog.Hosting;

/// <summary>The verb <c>smoke</c>: whether a catalog works from end to end, as whoever installed it wants to know.</summary>
public static class SmokeCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Creates it.</summary>
    public static Command Create()
    {
        var url = new Option<string>("--url") { Description = "Where REST is served: the gateway, or a standalone catalog.", DefaultValueFactory = _ => "http://127.0.0.1:5081", HelpName = "URL" };
        url.Validators.Add(result =>
        {
            if (!Uri.TryCreate(result.GetValueOrDefault<string>(), UriKind.Absolute, out var parsed) || parsed.Scheme is not ("http" or "https")) result.AddError("--url takes an http or https URL.");
        });
        var insecure = new Option<bool>("--insecure") { Description = "Accept any certificate: the one of a gateway has its name outside the cluster." };
        var command = new Command("smoke", "Writes a product, reads it back and deletes it again, by REST. A bearer token is taken from CATALOG_TOKEN.") { url, insecure };
        command.SetAction(async (arguments, cancellation) =>
        {
            using var handler = new SocketsHttpHandler();
            if (arguments.GetValue(insecure)) handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
            using var http = new HttpClient(handler) { BaseAddress = new Uri(arguments.GetValue(url)!), Timeout = TimeSpan.FromSeconds(30) };
            if (Environment.GetEnvironmentVariable("CATALOG_TOKEN") is { Length: > 0 } token) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
            try
            {
                Console.WriteLine(await RunAsync(http, cancellation));
                return 0;
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException or JsonException or InvalidDataException)
            {
                // What is wrong with a certificate stands behind the message.
                return HostCommand.Fail($"{http.BaseAddress}: {(e is not HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } ? e.Message : $"{e.Message.Replace(", see inner exception.", ":", StringComparison.Ordinal)} {e.GetBaseException().Message}")}");
            }
        });
        return command;
    }

    private static async Task<string> RunAsync(HttpClient http, CancellationToken cancellation)
    {
        var id = $"smoke-{Guid.NewGuid():n}";
        // With a request_id, so that it may be sent again.
        var receipt = await SendAsync(http, HttpMethod.Post, $"v1/products?productId={id}&requestId={id}", new { sku = id, title = id }, cancellation);
        var clock = Stopwatch.StartNew();
        var product = await SendAsync(http, HttpMethod.Get, $"v1/products/{id}?consistencyTokens={receipt.GetProperty("consistencyToken").GetString()}", null, cancellation);
        var delay = clock.Elapsed;
        if (product.GetProperty("title").GetString() != id) throw new InvalidDataException($"What was read is not what was written: {product}");
        await SendAsync(http, HttpMethod.Delete, $"v1/products/{id}?requestId={id}-delete", null, cancellation);
        return $"Wrote products/{id}, read it back within {delay.TotalMilliseconds:0} ms, and deleted it.";
    }

    /// <summary>Sends it until it is answered: what was installed a moment ago may take one more.</summary>
    private static async Task<JsonElement> SendAsync(HttpClient http, HttpMethod method, string path, object? body, CancellationToken cancellation)
    {
        for (var clock = Stopwatch.StartNew(); ;)
        {
            try
            {
                using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = body is null ? null : JsonContent.Create(body) };
                using var answer = await http.SendAsync(request, cancellation);
                if (answer.IsSuccessStatusCode) return await answer.Content.ReadFromJsonAsync<JsonElement>(cancellation);
                if ((int)answer.StatusCode < 500 || clock.Elapsed > Patience)
                    throw new InvalidDataException($"{method} {path} was answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(cancellation)}");
            }
            catch (HttpRequestException e) when (e.HttpRequestError != HttpRequestError.SecureConnectionError && clock.Elapsed < Patience)
            {
                // Nobody listens yet. A certificate becomes no better.
            }
            await Task.Delay(Pause, cancellation);
        }
    }
}
