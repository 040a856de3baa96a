using Catalog.V1;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Catalog.Hosting;

/// <summary>What every host shares: ports, gRPC and REST, errors, health, telemetry, logging and shutdown.</summary>
public static partial class CatalogHost
{
    /// <summary>Where the hosts of a cluster listen: gRPC, and REST.</summary>
    public const string ClusterUrls = "http://0.0.0.0:5080;http://0.0.0.0:5081";

    /// <summary>For how long calls in flight may go on once the host is told to stop. Kubernetes waits for longer.</summary>
    internal static readonly TimeSpan DrainsFor = TimeSpan.FromSeconds(25);

    /// <summary>How large a call may be, over gRPC as over REST.</summary>
    internal const int MaxMessageBytes = 4 * 1024 * 1024;

    /// <summary>A host that listens on two addresses: gRPC (h2c), and REST, health and metrics (HTTP/1.1). Without TLS one port cannot carry both.</summary>
    /// <param name="grpc">Where gRPC listens.</param>
    /// <param name="rest">Where REST listens.</param>
    /// <param name="reached">Whether the stores were reached once: see <see cref="Readiness"/>.</param>
    public static WebApplicationBuilder CreateBuilder(Uri grpc, Uri rest, Func<IServiceProvider, CancellationToken, ValueTask<bool>> reached)
    {
        var builder = NewBuilder();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // Call 101 on a connection would wait without a word.
            kestrel.Limits.Http2.MaxStreamsPerConnection = 1000;
            // A read over REST has its filter or its hundred names in the line, in three bytes for some of theirs. As much as the gateway takes.
            kestrel.Limits.MaxRequestLineSize = 60 * 1024;
            // And as headers of HTTP/2, where the gateway sends the line that it was once more. A field that is too large would end the connection, and everybody's calls on it.
            kestrel.Limits.Http2.MaxRequestHeaderFieldSize = kestrel.Limits.MaxRequestHeadersTotalSize = 3 * 60 * 1024;
            // JSON takes more room than the message that it stands for. Streams of gRPC are exempt.
            kestrel.Limits.MaxRequestBodySize = 2 * MaxMessageBytes;
            // A request that comes slowly, or not to its end, would end the connection, with everybody's calls on it. Who is gone is noticed by the pings.
            kestrel.Limits.MinRequestBodyDataRate = null;
            // And so would an answer that one call of them does not take. A watch of that kind is ended by itself.
            kestrel.Limits.MinResponseDataRate = null;
            // A watcher whose machine went away without a word is noticed.
            kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
            Listen(kestrel, grpc, HttpProtocols.Http2);
            Listen(kestrel, rest, HttpProtocols.Http1);
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = DrainsFor);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddGrpc(options =>
        {
            options.MaxReceiveMessageSize = MaxMessageBytes;
            options.MaxSendMessageSize = null;
            options.Interceptors.Add<ErrorInterceptor>();
        }).AddJsonTranscoding(options =>
        {
            options.JsonSettings = new() { WriteInt64sAsStrings = true };
            options.TypeRegistry = TypeRegistry.FromFiles(ErrorDetailsReflection.Descriptor);
        });
        builder.Services.AddSingleton<ErrorInterceptor>();
        builder.Services.AddSingleton(Reflection.V1).AddSingleton(Reflection.V1Alpha);
        builder.Services.AddGrpcHealthChecks(health =>
        {
            health.Services.Map("", _ => true);
            health.Services.Map(ProductCommandService.Descriptor.FullName, _ => true);
            health.Services.Map(ProductQueryService.Descriptor.FullName, _ => true);
        }).Add(new HealthCheckRegistration("ready", services => services.GetRequiredService<Readiness>(), null, null));
        // One for good: it remembers what it reached.
        builder.Services.AddSingleton(services => new Readiness(cancellation => reached(services, cancellation), services.GetRequiredService<IHostApplicationLifetime>()));
        builder.Services.Configure<HealthCheckPublisherOptions>(publisher => (publisher.Delay, publisher.Period) = (TimeSpan.Zero, TimeSpan.FromSeconds(1)));
        builder.AddTelemetry();
        return builder;
    }

    /// <summary>Maps what every host serves besides its services.</summary>
    public static void MapCatalog(this WebApplication app)
    {
        app.UseMiddleware<ErrorDetails>();
        app.MapGrpcService<ReflectionV1ServiceImpl>();
        app.MapGrpcService<ReflectionServiceImpl>();
        app.MapGrpcHealthChecksService();
        app.MapGet("/healthz/live", () => "live\n");
        app.MapHealthChecks("/healthz/ready", new HealthCheckOptions { ResponseWriter = (http, report) => http.Response.WriteAsync(report.Status == HealthStatus.Healthy ? "ready\n" : $"{report.Entries["ready"].Description}\n") });
        app.MapPrometheusScrapingEndpoint("/metrics");
    }

    /// <summary>Says in the log where a host listens.</summary>
    public static void SayWhereItListens(WebApplication app) => Listening(app.Logger, app.Urls.First(), app.Urls.Skip(1).First());

    [LoggerMessage(1, LogLevel.Information, "Listening: gRPC on {Grpc}, REST on {Rest}")]
    private static partial void Listening(ILogger logger, string grpc, string rest);

    private static void Listen(KestrelServerOptions kestrel, Uri address, HttpProtocols protocols)
    {
        if (address.HostNameType is UriHostNameType.IPv4 or UriHostNameType.IPv6)
            kestrel.Listen(System.Net.IPAddress.Parse(address.Host.Trim('[', ']')), address.Port, o => o.Protocols = protocols);
        else if (address.Host == "localhost") kestrel.ListenLocalhost(address.Port, o => o.Protocols = protocols);
        else kestrel.ListenAnyIP(address.Port, o => o.Protocols = protocols);
    }

    /// <summary>A host without anything but its configuration and its log.</summary>
    /// <exception cref="SettingsException">The configuration cannot be read.</exception>
    internal static WebApplicationBuilder NewBuilder()
    {
        try
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.AddLogging();
            return builder;
        }
        catch (Exception e) when (e is InvalidDataException or UnauthorizedAccessException)
        {
            throw new SettingsException($"{e.Message.TrimEnd('.')}{(e.InnerException is null ? "" : $": {e.GetBaseException().Message}")}", e);
        }
    }

    private static void AddLogging(this WebApplicationBuilder builder)
    {
        Settings.CheckLogLevels(builder.Configuration.GetSection("Logging"));
        builder.Logging.ClearProviders();
        builder.Logging.SetMinimumLevel(LogLevel.Information);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning).AddFilter("Microsoft.Hosting", LogLevel.Warning).AddFilter("Grpc", LogLevel.None).AddFilter("Polly", LogLevel.None).AddFilter("System.Net.Http", LogLevel.Warning)
            .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None)
            .AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
        if (Console.IsOutputRedirected) builder.Logging.AddJsonConsole(json => (json.UseUtcTimestamp, json.TimestampFormat) = (true, "yyyy-MM-ddTHH:mm:ss.fffZ"));
        else builder.Logging.AddSimpleConsole(simple => (simple.SingleLine, simple.TimestampFormat) = (true, "HH:mm:ss "));
    }

    private static void AddTelemetry(this WebApplicationBuilder builder)
    {
        var telemetry = builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics.AddMeter("Catalog.*").AddAspNetCoreInstrumentation().AddRuntimeInstrumentation().AddPrometheusExporter());
        // Spans are made only where somebody collects them.
        if (builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is null) return;
        telemetry.WithTracing(tracing => tracing.AddSource("Catalog.*").AddAspNetCoreInstrumentation().AddOtlpExporter()).WithMetrics(metrics => metrics.AddOtlpExporter());
        builder.Services.AddHostedService<ExporterWarnings>();
    }
}
