namespace Catalog.SystemTests;

public sealed class ChartRefusalTests
{
    [Theory]
    [InlineData("commandDatabase.provider=Sqlite,command.replicas=2", "/command/replicas", "maximum: got 2, want 1")]
    [InlineData("commandDatabase.provider=Oracle", "/commandDatabase/provider", "'SqlServer', 'Sqlite'")]
    [InlineData("commandDatabase.existingSecret=", "/commandDatabase/existingSecret", "minLength")]
    [InlineData("commandDatabase.schema=a-b", "/commandDatabase/schema", "does not match")]
    [InlineData("kafka.bootstrapServers=kafka", "/kafka/bootstrapServers", "does not match")]
    [InlineData("kafka.partitions=many", "/kafka/partitions", "want integer")]
    [InlineData("kafka.securityProtocol=sasl_ssl", "/kafka/sasl/existingSecret", "minLength")]
    [InlineData("kafka.client.sasl\\.password=x", "propertyName", "sasl.password")]
    [InlineData("elasticsearch.url=https://user:password@elastic:9200", "/elasticsearch/url", "does not match")]
    [InlineData("command.settings.CommandDatabase__ConnectionString=x", "CommandDatabase__ConnectionString", "not")]
    [InlineData("query.image.tagg=1", "/query/image", "'tagg' not allowed")]
    [InlineData("querry.replicas=1", "''", "'querry' not allowed")]
    [InlineData("projector.resources.limits=null", "/projector/resources", "'limits'")]
    [InlineData("gateway.jwt.enabled=true", "/gateway/jwt/issuer", "minLength")]
    [InlineData("gateway.jwt.enabled=true,gateway.jwt.issuer=https://id.example.com/", "/gateway/jwt/jwksUri", "does not match")]
    [InlineData("gateway.timeouts.query=20", "/gateway/timeouts/query", "want string")]
    public async Task What_cannot_work_is_refused_with_the_place_and_the_reason(string set, string place, string reason)
    {
        var (code, _, errors) = await RenderedChart.HelmAsync("template", "catalog", RenderedChart.Folder, "--set", set);
        Assert.NotEqual(0, code);
        Assert.Contains(place, errors, StringComparison.Ordinal);
        Assert.Contains(reason, errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Projectors_that_would_have_nothing_to_do_are_refused()
    {
        var (code, _, errors) = await RenderedChart.HelmAsync("template", "catalog", RenderedChart.Folder, "--set", "kafka.partitions=4,projector.autoscaling.enabled=true,projector.autoscaling.maxReplicas=5");
        Assert.NotEqual(0, code);
        Assert.Contains("projector.autoscaling.maxReplicas is 5, but only kafka.partitions, 4, can work at once", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_value_is_explained_in_the_README()
    {
        var readme = await File.ReadAllTextAsync(Path.Combine(RenderedChart.Folder, "README.md"));
        var values = RenderedChart.Parse(await File.ReadAllTextAsync(Path.Combine(RenderedChart.Folder, "values.yaml"))).Single();
        foreach (var (section, value) in values)
        {
            if (value is System.Text.Json.Nodes.JsonObject { Count: > 0 } keys && section != "gateway")
                foreach (var (key, _) in keys) Assert.True(readme.Contains($"`{section}.{key}", StringComparison.Ordinal) || IsShared(section, key, readme), $"{section}.{key}");
            else Assert.Contains($"`{section}", readme, StringComparison.Ordinal);
        }
    }

    private static bool IsShared(string section, string key, string readme) => section is "command" or "query" or "projector" or "standalone" && readme.Contains($"`*.{key}", StringComparison.Ordinal);
}
