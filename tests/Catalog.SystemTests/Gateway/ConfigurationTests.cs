using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Catalog.SystemTests.Clients;

namespace Catalog.SystemTests.Gateway;

/// <summary>Envoy itself judges what the chart renders.</summary>
public sealed class ConfigurationTests
{
    [Theory]
    [InlineData("the defaults", "{}")]
    [InlineData("fetched keys", """{"jwt":{"enabled":true,"issuer":"https://id.example.com/","jwksUri":"https://id.example.com/keys","audiences":["catalog"],"queryScope":"catalog.read"}}""")]
    [InlineData("fetched keys on a port", """{"jwt":{"enabled":true,"issuer":"https://id.example.com/","jwksUri":"http://id.example.com:8080/keys"}}""")]
    [InlineData("given keys", """{"jwt":{"enabled":true,"issuer":"https://id.example.com/","jwks":"<jwks>"}}""")]
    [InlineData("limits of rate", """{"rateLimit":{"requestsPerSecond":1000,"burst":2000,"perClient":{"requestsPerSecond":10,"burst":20}}}""")]
    [InlineData("pages of other origins", """{"cors":{"allowOrigins":["https://shop.example.com","https://www.example.com"]}}""")]
    [InlineData("traces", """{"tracing":{"collector":"otel.example.com:4317","percent":100}}""")]
    [InlineData("TLS", """{"tls":{"existingSecret":"certificate"}}""")]
    [InlineData("no access log", """{"accessLog":{"enabled":false},"trustedHops":1}""")]
    public async Task Envoy_takes_the_configuration_without_a_warning(string with, string gateway)
    {
        var (envoy, _) = Chart.Tools();
        using var folder = new TempFolder();
        WriteCertificate(folder);
        using var tokens = new Tokens();
        var values = JsonNode.Parse(gateway)!;
        if (values["jwt"]?["jwks"] is not null) values["jwt"]!["jwks"] = tokens.Jwks;
        var file = await Chart.WriteFilesAsync(values, folder);
        var (code, output, errors) = await ClientProgram.RunAsync(envoy, "--mode", "validate", "--config-path", file, "--log-level", "warning");
        Assert.True(code == 0 && errors.Length == 0, $"with {with}: {output}{errors}");
    }

    [Fact]
    public async Task A_change_of_the_configuration_rolls_the_pods()
    {
        static string Checksum(string manifest) => manifest.Split('\n').Single(l => l.Contains("checksum/config", StringComparison.Ordinal));
        Assert.NotEqual(
            Checksum(await Chart.RenderAsync(new { }, "gateway-deployment")), Checksum(await Chart.RenderAsync(new { timeouts = new { query = "9s" } }, "gateway-deployment")));
        Assert.Contains("replicas: 2", await Chart.RenderAsync(new { }, "gateway-deployment"), StringComparison.Ordinal);
        // An upgrade must not undo what the autoscaler did.
        Assert.DoesNotContain("replicas:", await Chart.RenderAsync(new { autoscaling = new { enabled = true } }, "gateway-deployment"), StringComparison.Ordinal);
    }

    private static void WriteCertificate(TempFolder folder)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        Directory.CreateDirectory(folder.File("tls"));
        File.WriteAllText(folder.File("tls/tls.crt"), certificate.ExportCertificatePem());
        File.WriteAllText(folder.File("tls/tls.key"), key.ExportPkcs8PrivateKeyPem());
    }
}
