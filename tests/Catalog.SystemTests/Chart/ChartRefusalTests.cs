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
    [InlineData("gateway.networkPolicy.enabled=false", "/gateway/networkPolicy", "'enabled' not allowed")]
    // It stands in a Secret, so that nothing else tells it.
    [InlineData("networkPolicy.commandDatabase.ports=null", "/networkPolicy/commandDatabase", "'ports'")]
    // .NET takes it for 24 days.
    [InlineData("commandDatabase.receiptRetention=24:00:00", "/commandDatabase/receiptRetention", "does not match")]
    public async Task What_cannot_work_is_refused_with_the_place_and_the_reason(string set, string place, string reason)
    {
        var (code, _, errors) = await RenderedChart.HelmAsync("template", "catalog", RenderedChart.Folder, "--set", set);
        Assert.NotEqual(0, code);
        Assert.Contains(place, errors, StringComparison.Ordinal);
        Assert.Contains(reason, errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("command.autoscaling.minReplicas=11", "command.autoscaling.minReplicas is 11, more than command.autoscaling.maxReplicas, 10")]
    [InlineData("query.autoscaling.maxReplicas=1", "query.autoscaling.minReplicas is 2, more than query.autoscaling.maxReplicas, 1")]
    [InlineData("projector.autoscaling.enabled=true,projector.autoscaling.maxReplicas=1", "projector.autoscaling.minReplicas is 2, more than projector.autoscaling.maxReplicas, 1")]
    [InlineData("gateway.autoscaling.enabled=true,gateway.autoscaling.minReplicas=11", "gateway.autoscaling.minReplicas is 11, more than gateway.autoscaling.maxReplicas, 10")]
    [InlineData("kafka.partitions=4,projector.autoscaling.enabled=true,projector.autoscaling.maxReplicas=5", "projector.autoscaling.maxReplicas is 5, but only kafka.partitions, 4, can work at once")]
    [InlineData("command.resources.limits.memory=0.2Gi", "command.resources.requests.memory is 256Mi, more than command.resources.limits.memory, 0.2Gi")]
    [InlineData("jobs.resources.limits.cpu=50m", "jobs.resources.requests.cpu is 100m, more than jobs.resources.limits.cpu, 50m")]
    [InlineData("standalone.enabled=true,standalone.resources.limits.memory=300M", "standalone.resources.requests.memory is 384Mi, more than standalone.resources.limits.memory, 300M")]
    [InlineData("kafka.minInSyncReplicas=4", "kafka.minInSyncReplicas is 4, more than kafka.replicationFactor, 3")]
    [InlineData("kafka.sasl.existingSecret=kafka", "kafka.sasl.existingSecret is set, but kafka.securityProtocol is plaintext")]
    [InlineData("kafka.tls.caSecret=ca,kafka.sasl.existingSecret=kafka,kafka.securityProtocol=sasl_plaintext", "kafka.tls names a Secret, but kafka.securityProtocol is sasl_plaintext")]
    [InlineData("kafka.retention=00:59:59", "kafka.retention is 00:59:59: it must be at least an hour")]
    [InlineData("elasticsearch.caSecret=ca", "elasticsearch.caSecret is set, but elasticsearch.url is http://elasticsearch:9200")]
    [InlineData("commandDatabase.receiptRetention=23:59:59", "commandDatabase.receiptRetention is 23:59:59: it must be at least a day")]
    [InlineData("standalone.enabled=true,commandDatabase.receiptRetention=0.08:09:09", "commandDatabase.receiptRetention is 0.08:09:09: it must be at least a day")]
    [InlineData("relay.fallbackAfter=00:00:00.9", "relay.fallbackAfter is 00:00:00.9: it must be at least a second")]
    [InlineData("queries.maxTokenWait=00:01:01,gateway.timeouts.query=190s", "queries.maxTokenWait is 00:01:01: it must be at most a minute")]
    [InlineData("queries.maxTokenWait=00:00:20", "gateway.timeouts.query is 30s, not more than three times queries.maxTokenWait, 00:00:20")]
    [InlineData("gateway.resources.limits.memory=256Mi", "gateway.limits.heapBytes is 429496729, not less than gateway.resources.limits.memory, 256Mi")]
    [InlineData("gateway.probes.port=8080", "gateway.listener.port, gateway.probes.port and gateway.admin.port are 8080, 8080, 9901: they must differ")]
    [InlineData("gateway.rateLimit.requestsPerSecond=10", "gateway.rateLimit.burst is 0")]
    [InlineData("gateway.rateLimit.requestsPerSecond=10,gateway.rateLimit.burst=10,gateway.rateLimit.perClient.requestsPerSecond=5", "gateway.rateLimit.perClient.burst is 0")]
    [InlineData("gateway.rateLimit.perClient.requestsPerSecond=5,gateway.rateLimit.perClient.burst=5", "holds only beside gateway.rateLimit.requestsPerSecond")]
    [InlineData("gateway.enabled=false,gateway.jwt.enabled=true,gateway.jwt.issuer=https://id.example.com/,gateway.jwt.jwks=x", "gateway.jwt.enabled is true, but gateway.enabled is false")]
    public async Task Values_that_cannot_work_together_are_refused_by_their_names(string set, string reason)
    {
        var (code, _, errors) = await RenderedChart.HelmAsync("template", "catalog", RenderedChart.Folder, "--set", set);
        Assert.NotEqual(0, code);
        // And nothing else is wrong with them.
        Assert.Contains(reason, Assert.Single(errors.Split('\n'), l => l.StartsWith("- ", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_that_is_wrong_is_said_at_once()
    {
        var (_, _, errors) = await RenderedChart.HelmAsync("template", "catalog", RenderedChart.Folder, "--set", "kafka.minInSyncReplicas=4,command.autoscaling.maxReplicas=1,gateway.probes.port=9901");
        Assert.Equal(["command.autoscaling.minReplicas", "kafka.minInSyncReplicas", "gateway.listener.port,"],
            errors.Split('\n').Where(l => l.StartsWith("- ", StringComparison.Ordinal)).Select(l => l.Split(' ')[1]));
    }

    [Theory]
    [InlineData("standalone.enabled=true,kafka.minInSyncReplicas=4,command.autoscaling.maxReplicas=1,command.resources.limits.memory=1Mi")]
    [InlineData("commandDatabase.provider=Sqlite,command.autoscaling.maxReplicas=1")]
    [InlineData("command.autoscaling.enabled=false,command.autoscaling.maxReplicas=1,gateway.enabled=false,gateway.limits.heapBytes=1000000000")]
    [InlineData("commandDatabase.receiptRetention=1.00:00:00,kafka.retention=01:00:00,relay.fallbackAfter=00:00:01,queries.maxTokenWait=00:00:09,command.autoscaling.maxReplicas=2")]
    public async Task What_is_not_installed_and_what_just_works_is_not_refused(string set) => await RenderedChart.RenderAsync(set);
}
