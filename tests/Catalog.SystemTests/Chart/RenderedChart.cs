using System.Text.Json.Nodes;
using Catalog.SystemTests.Clients;
using YamlDotNet.Serialization;

namespace Catalog.SystemTests;

/// <summary>What helm makes of the chart.</summary>
internal sealed class RenderedChart
{
    /// <summary>The release and the namespace that the tests speak of.</summary>
    public const string Release = "catalog", Namespace = "shop";

    private RenderedChart(IReadOnlyList<JsonObject> manifests) => Manifests = manifests;

    /// <summary>The chart's folder.</summary>
    public static string Folder { get; } = Path.Combine(CatalogProcess.Repository, "charts", "cqrs-grpc");

    /// <summary>Installations that differ in what is rendered at all, as helm's <c>--set</c>.</summary>
    public static TheoryData<string> Shapes { get; } =
    [
        "",
        "commandDatabase.provider=Sqlite",
        "standalone.enabled=true",
        "standalone.enabled=true,gateway.enabled=false",
        "gateway.enabled=false,networkPolicy.enabled=false,jobs.enabled=false",
        "metrics.serviceMonitor.enabled=true,metrics.prometheusRule.enabled=true,metrics.dashboard.enabled=true,projector.autoscaling.enabled=true,gateway.autoscaling.enabled=true",
        "commandDatabase.caSecret=sql-ca,kafka.securityProtocol=sasl_ssl,kafka.sasl.existingSecret=kafka,kafka.tls.caSecret=kafka-ca,kafka.tls.clientSecret=kafka-client,elasticsearch.url=https://elasticsearch:9200,elasticsearch.auth.existingSecret=elastic,elasticsearch.caSecret=elastic-ca,"
            + "telemetry.otlpEndpoint=http://collector:4317,gateway.tls.existingSecret=edge,tests.tokenSecret=token,imageRegistry=registry.example.com,imagePullSecrets[0].name=registry",
    ];

    /// <summary>All manifests, hooks and tests too.</summary>
    public IReadOnlyList<JsonObject> Manifests { get; }

    public static async Task<RenderedChart> RenderAsync(string set = "", params string[] arguments)
    {
        var (code, output, errors) = await HelmAsync(["template", Release, Folder, "--namespace", Namespace, "--set", set, .. arguments]);
        Assert.True(code == 0, errors);
        return new RenderedChart(Parse(output));
    }

    /// <summary>Runs helm; the test is skipped without.</summary>
    public static Task<(int Code, string Output, string Errors)> HelmAsync(params string[] arguments) => ClientProgram.RunAsync(ClientProgram.Tool("TEST_HELM"), arguments);

    /// <summary>YAML as JSON.</summary>
    public static IReadOnlyList<JsonObject> Parse(string yaml)
    {
        var reader = new DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().Build();
        var writer = new SerializerBuilder().JsonCompatible().Build();
        return [.. $"\n{yaml}".Split("\n---").Select(document => reader.Deserialize<object?>(document)).OfType<object>().Select(document => JsonNode.Parse(writer.Serialize(document))!.AsObject())];
    }

    public IEnumerable<JsonObject> Of(string kind) => Manifests.Where(m => (string)m["kind"]! == kind);

    /// <summary>One manifest by its name without the release's.</summary>
    public JsonObject The(string kind, string component) => Assert.Single(Of(kind), m => Name(m) == component);

    /// <summary>Its name without the release's.</summary>
    public static string Name(JsonObject manifest) => ((string)manifest["metadata"]!["name"]!).Replace("catalog-cqrs-grpc-", "", StringComparison.Ordinal);

    /// <summary>The pods that it makes, with the name of what makes them.</summary>
    public IEnumerable<(string Name, JsonObject Spec)> Pods() => Manifests.Select(m => (Name(m), Spec: (string)m["kind"]! switch
    {
        "Deployment" or "StatefulSet" or "Job" => m["spec"]!["template"]!["spec"]!.AsObject(),
        "Pod" => m["spec"]!.AsObject(),
        _ => null,
    })).Where(p => p.Spec is not null)!;

    /// <summary>The environment of a component's process.</summary>
    public Dictionary<string, JsonObject> Environment(string component) => Pods().Single(p => p.Name == component).Spec["containers"]![0]!["env"]!.AsArray()
        .ToDictionary(e => (string)e!["name"]!, e => e!.AsObject(), StringComparer.Ordinal);
}
