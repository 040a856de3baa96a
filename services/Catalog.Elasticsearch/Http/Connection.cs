using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using Polly;
using Polly.Timeout;

namespace Catalog.Elasticsearch.Http;

/// <summary>Sets up the HTTP clients: who we are, whom we trust, how long we wait, and what is tried again.</summary>
internal static class Connection
{
    /// <summary>The client whose requests change nothing, so that an attempt that failed is made again at once.</summary>
    public const string Reads = "Elasticsearch.Reads";

    /// <summary>The client whose requests are repeated by those who know what a repetition means.</summary>
    public const string Writes = "Elasticsearch.Writes";

    // A server that asks for more time than this gets it from our caller.
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    public static void Add(IServiceCollection services, ElasticsearchOptions options, int maxConnections)
    {
        var nodes = new NodeHandler.Choice(options.Nodes, TimeProvider.System);
        Add(services.AddHttpClient(Reads), options, maxConnections).AddResilienceHandler(Reads, pipeline => OnRealTime(pipeline)
            .AddRetry(new HttpRetryStrategyOptions
            {
                MaxRetryAttempts = 2, Delay = TimeSpan.FromMilliseconds(100), BackoffType = DelayBackoffType.Exponential, UseJitter = true,
                ShouldRetryAfterHeader = true,
                ShouldHandle = attempt => ValueTask.FromResult(attempt.Outcome switch
                {
                    { Exception: HttpRequestException or TimeoutRejectedException } => true,
                    { Result: { } response } => IsTransient(response.StatusCode) && !(RetryAfter(response) > LongestPause),
                    _ => false,
                }),
            })
            .AddTimeout(options.ReadTimeout));
        Add(services.AddHttpClient(Writes), options, maxConnections).AddResilienceHandler(Writes, pipeline => OnRealTime(pipeline).AddTimeout(options.WriteTimeout));
        // Behind what repeats attempts, so that each one chooses its node.
        foreach (var name in (string[])[Reads, Writes]) services.AddHttpClient(name).AddHttpMessageHandler(() => new NodeHandler(nodes));
    }

    /// <summary>Whether the same request may succeed later.</summary>
    public static bool IsTransient(HttpStatusCode status) =>
        status is HttpStatusCode.TooManyRequests || NodeHandler.IsFailure(status);

    /// <summary>When the server wants to be asked again; null if it does not say.</summary>
    public static TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter is { } after ? after.Delta ?? after.Date - DateTimeOffset.UtcNow : null;

    // A server's time is nobody else's: with a clock that stands still no request would ever be given up, and a pipeline that is disposed of waits by its clock for those that are under way.
    private static ResiliencePipelineBuilder<HttpResponseMessage> OnRealTime(ResiliencePipelineBuilder<HttpResponseMessage> pipeline)
    {
        pipeline.TimeProvider = TimeProvider.System;
        return pipeline;
    }

    private static IHttpClientBuilder Add(IHttpClientBuilder client, ElasticsearchOptions options, int maxConnections) => client
        .ConfigureHttpClient(http =>
        {
            http.Timeout = Timeout.InfiniteTimeSpan; // the pipelines have their own
            http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            http.DefaultRequestHeaders.Authorization = Authorization(options);
        })
        .ConfigurePrimaryHttpMessageHandler(() => Primary(options, maxConnections))
        .SetHandlerLifetime(Timeout.InfiniteTimeSpan) // the connections have their own
        .RemoveAllLoggers(); // two lines a request; failures are told by who made it

    private static AuthenticationHeaderValue? Authorization(ElasticsearchOptions options) =>
        options.ApiKey is { } key ? new AuthenticationHeaderValue("ApiKey", key)
        : options.Username is { } user ? new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{options.Password}")))
        : null;

    private static SocketsHttpHandler Primary(ElasticsearchOptions options, int maxConnections)
    {
        // A redirect would take the credentials along.
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = options.ConnectTimeout, PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            MaxConnectionsPerServer = maxConnections,
        };
        if (options.CaCertificate is { } authorities)
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, presented, errors) =>
                certificate is not null && (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) == SslPolicyErrors.None && IsSignedBy(authorities, certificate, presented);
        return handler;
    }

    /// <summary>Read for each connection: operators renew their authority once a year, and a mounted Secret follows.</summary>
    private static bool IsSignedBy(string authorities, X509Certificate certificate, X509Chain? presented)
    {
        using var chain = new X509Chain { ChainPolicy = { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck } };
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1")); // it may be a server
        chain.ChainPolicy.CustomTrustStore.ImportFromPemFile(authorities);
        foreach (var element in presented is null ? [] : presented.ChainElements.ToArray()) chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        return chain.Build(certificate as X509Certificate2 ?? X509CertificateLoader.LoadCertificate(certificate.GetRawCertData()));
    }
}
