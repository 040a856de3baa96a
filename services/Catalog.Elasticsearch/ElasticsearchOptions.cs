using System.Text.RegularExpressions;
using Catalog.Elasticsearch.Http;
using Catalog.Queries;
using Catalog.V1;

namespace Catalog.Elasticsearch;

/// <summary>The query database of a cluster: section <c>Elasticsearch</c> of the configuration.</summary>
public sealed partial class ElasticsearchOptions
{
    /// <summary>Where Elasticsearch is: one address, or several with commas between them, of which another is taken when one fails.</summary>
    public string Url { get; set; } = "http://localhost:9200";

    /// <summary>The alias that reads go to. The names of all indices begin with it.</summary>
    public string Alias { get; set; } = "products";

    /// <summary>An API key as Elasticsearch gives it out (<c>encoded</c>); null for none.</summary>
    public string? ApiKey { get; set; }

    /// <summary>A user, instead of an API key; null for none.</summary>
    public string? Username { get; set; }

    /// <summary>The user's password.</summary>
    public string? Password { get; set; }

    /// <summary>A PEM file with the certificates that may sign the server's; null for those that the system trusts.</summary>
    public string? CaCertificate { get; set; }

    /// <summary>Over how many shards an index is spread. Facet counts are exact on one.</summary>
    public int Shards { get; set; } = 1;

    /// <summary>How many more copies there are of each shard.</summary>
    public int Replicas { get; set; } = 1;

    /// <summary>After how long a write is seen by searches that carry no token of it.</summary>
    public TimeSpan RefreshInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long one attempt to connect may take.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long one attempt at a read may take. It is repeated twice, as far as the caller waits.</summary>
    public TimeSpan ReadTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a write, or a change of the indices, may take.</summary>
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long an index that was replaced is kept, for the reads that had begun on it.</summary>
    public TimeSpan OldIndexGrace { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>The addresses.</summary>
    internal Uri[] Nodes => [.. Addresses.Select(address => new Uri(address.TrimEnd('/') + "/", UriKind.Absolute))];

    private string[] Addresses => Url.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>What is wrong with these values, one sentence each; empty if nothing is. Names no secret.</summary>
    public IEnumerable<string> Problems()
    {
        if (Addresses.Length == 0 || !Array.TrueForAll(Addresses, IsAddress))
            yield return "Elasticsearch:Url must be http:// or https:// addresses with commas between them, without a user in them, a query or a fragment.";
        if (!ValidAlias().IsMatch(Alias))
            yield return "Elasticsearch:Alias must be 1 to 64 lower-case letters, digits, dashes and underscores, and begin with a letter.";
        if (ApiKey is not null && Username is not null) yield return "Elasticsearch:ApiKey and Elasticsearch:Username exclude one another.";
        if (ApiKey?.AsSpan().ContainsAnyExceptInRange('!', '~') is true) yield return "Elasticsearch:ApiKey holds characters that no API key has.";
        if ((Username is null) != (Password is null)) yield return "Elasticsearch:Username and Elasticsearch:Password need one another.";
        if (Username?.Contains(':', StringComparison.Ordinal) is true) yield return "Elasticsearch:Username must hold no colon.";
        if (CaCertificate is not null && !File.Exists(CaCertificate)) yield return $"Elasticsearch:CaCertificate: there is no file {CaCertificate}.";
        if (Shards is < 1 or > 100) yield return "Elasticsearch:Shards must be between 1 and 100.";
        if (Replicas is < 0 or > 10) yield return "Elasticsearch:Replicas must be between 0 and 10.";
        if (RefreshInterval < TimeSpan.FromMilliseconds(100) || RefreshInterval > TimeSpan.FromMinutes(1))
            yield return "Elasticsearch:RefreshInterval must be between 0.1 seconds and 1 minute.";
        if (!IsTimeout(ConnectTimeout)) yield return "Elasticsearch:ConnectTimeout must be between 0.1 seconds and 10 minutes.";
        if (!IsTimeout(ReadTimeout)) yield return "Elasticsearch:ReadTimeout must be between 0.1 seconds and 10 minutes.";
        if (!IsTimeout(WriteTimeout)) yield return "Elasticsearch:WriteTimeout must be between 0.1 seconds and 10 minutes.";
        if (OldIndexGrace < TimeSpan.Zero || OldIndexGrace > TimeSpan.FromDays(1)) yield return "Elasticsearch:OldIndexGrace must be between 0 and 1 day.";
    }

    /// <summary>What to tell whoever runs a verb while the index cannot be used.</summary>
    /// <param name="unavailable">What happened.</param>
    /// <param name="url">The setting <c>Elasticsearch:Url</c>; null for its default.</param>
    public static string Explain(IndexUnavailableException unavailable, string? url)
    {
        if (unavailable.Reason != ErrorReason.IndexUnavailable) return unavailable.Message;
        var at = url ?? new ElasticsearchOptions().Url;
        return unavailable.InnerException switch
        {
            ElasticsearchException { Status: 401 or 403 } refusal => $"{refusal.Message.TrimEnd('.')}. See whether Elasticsearch:ApiKey, or Elasticsearch:Username and Elasticsearch:Password, are what {at} knows, and repeat this.",
            HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } http => $"{unavailable.Message} {http.GetBaseException().Message.TrimEnd('.')}. See whether Elasticsearch:CaCertificate names who signed the certificate of {at}, and repeat this.",
            HttpRequestException http => $"{unavailable.Message} {http.Message.TrimEnd('.')}. See whether it runs at {at}, or name the right address with Elasticsearch:Url, and repeat this.",
            _ => $"{unavailable.Message} See how Elasticsearch at {at} is, and repeat this.",
        };
    }

    private static bool IsTimeout(TimeSpan time) => time >= TimeSpan.FromMilliseconds(100) && time <= TimeSpan.FromMinutes(10);

    private static bool IsAddress(string address) => Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
        && uri.UserInfo.Length == 0 && uri.Query.Length == 0 && uri.Fragment.Length == 0;

    [GeneratedRegex("^[a-z][a-z0-9_-]{0,63}$", RegexOptions.CultureInvariant)]
    private static partial Regex ValidAlias();
}
