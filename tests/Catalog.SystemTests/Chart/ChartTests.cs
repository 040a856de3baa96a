using System.Text.Json.Nodes;

namespace Catalog.SystemTests;

public sealed class ChartTests
{
    [Theory]
    [MemberData(nameof(RenderedChart.Shapes), MemberType = typeof(RenderedChart))]
    public async Task Helm_finds_nothing_to_complain_about(string set)
    {
        var (code, output, errors) = await RenderedChart.HelmAsync("lint", "--strict", RenderedChart.Folder, "--set", set);
        Assert.True(code == 0, output + errors);
    }

    [Fact]
    public async Task By_default_there_are_three_services_that_scale_behind_a_gateway()
    {
        var chart = await RenderedChart.RenderAsync();
        Assert.Equal(["command", "gateway", "projector", "query"], chart.Of("Deployment").Select(RenderedChart.Name).Order());
        Assert.Empty(chart.Of("StatefulSet"));
        Assert.Equal(["command", "query"], chart.Of("HorizontalPodAutoscaler").Select(RenderedChart.Name).Order());
        Assert.Equal(["command", "gateway", "projector", "query"], chart.Of("PodDisruptionBudget").Select(RenderedChart.Name).Order());
        Assert.All(chart.Of("PodDisruptionBudget"), budget => Assert.Equal(1, (int)budget["spec"]!["maxUnavailable"]!));
        Assert.Equal(["migrate", "topics", "rebuild"], chart.Of("Job").OrderBy(j => int.Parse((string)j["metadata"]!["annotations"]!["helm.sh/hook-weight"]!, null)).Select(RenderedChart.Name));
        foreach (var service in new[] { "command-headless", "query-headless" }) Assert.Equal("None", (string)chart.The("Service", service)["spec"]!["clusterIP"]!);
        Assert.Equal(("3", "2"), ((string)chart.Environment("topics")["Kafka__ReplicationFactor"]["value"]!, (string)chart.Environment("topics")["Kafka__MinInSyncReplicas"]["value"]!));
    }

    [Fact]
    public async Task An_upgrade_leaves_the_number_of_pods_to_who_scales_them()
    {
        var chart = await RenderedChart.RenderAsync("projector.autoscaling.enabled=true,gateway.autoscaling.enabled=true");
        Assert.All(chart.Of("Deployment"), d => Assert.Null(d["spec"]!["replicas"]));
        var steady = await RenderedChart.RenderAsync("command.autoscaling.enabled=false,query.autoscaling.enabled=false,query.replicas=5");
        Assert.Equal([2, 2, 2, 5], steady.Of("Deployment").Select(d => (int)d["spec"]!["replicas"]!).Order());
    }

    [Fact]
    public async Task On_SQLite_the_command_service_is_one_pod_that_alone_has_its_volume()
    {
        var chart = await RenderedChart.RenderAsync("commandDatabase.provider=Sqlite");
        Assert.Equal(["gateway", "projector", "query"], chart.Of("Deployment").Select(RenderedChart.Name).Order());
        var command = chart.The("StatefulSet", "command")["spec"]!;
        Assert.Equal(1, (int)command["replicas"]!);
        Assert.Equal("ReadWriteOncePod", (string)command["volumeClaimTemplates"]![0]!["spec"]!["accessModes"]![0]!);
        Assert.Equal("true", (string)chart.Environment("command")["Commands__BuildFirstIndex"]["value"]!);
        Assert.Equal(["topics"], chart.Of("Job").Select(RenderedChart.Name));
        Assert.DoesNotContain("command", chart.Of("HorizontalPodAutoscaler").Select(RenderedChart.Name));
    }

    [Theory]
    [InlineData("standalone.enabled=true", "standalone")]
    [InlineData("standalone.enabled=false", "command")]
    public async Task Whoever_takes_commands_is_told_who_sends_them_where_the_gateway_knows_it(string shape, string component)
    {
        var guarded = await RenderedChart.RenderAsync($"{shape},gateway.jwt.enabled=true,gateway.jwt.issuer=https://id.example.com/,gateway.jwt.jwksUri=https://id.example.com/keys");
        Assert.Equal("x-catalog-actor", (string)guarded.Environment(component)["Commands__ActorHeader"]["value"]!);
        Assert.DoesNotContain("Commands__ActorHeader", (await RenderedChart.RenderAsync(shape)).Environment(component).Keys);
    }

    [Fact]
    public async Task Standalone_is_one_pod_and_the_gateway_that_leads_to_it()
    {
        var chart = await RenderedChart.RenderAsync("standalone.enabled=true");
        Assert.Equal(["gateway"], chart.Of("Deployment").Select(RenderedChart.Name));
        Assert.Equal(["standalone"], chart.Of("StatefulSet").Select(RenderedChart.Name));
        Assert.Empty(chart.Of("Job"));
        foreach (var service in new[] { "command-headless", "query-headless" })
            Assert.Equal("standalone", (string)chart.The("Service", service)["spec"]!["selector"]!["app.kubernetes.io/component"]!);
        var alone = await RenderedChart.RenderAsync("standalone.enabled=true,gateway.enabled=false");
        Assert.Empty(alone.Of("Deployment"));
    }

    [Theory]
    [MemberData(nameof(RenderedChart.Shapes), MemberType = typeof(RenderedChart))]
    public async Task Every_pod_may_do_nothing_that_it_need_not(string set)
    {
        var chart = await RenderedChart.RenderAsync(set);
        Assert.NotEmpty(chart.Pods());
        foreach (var (name, pod) in chart.Pods())
        {
            Assert.False((bool)pod["automountServiceAccountToken"]!, name);
            Assert.True((bool)pod["securityContext"]!["runAsNonRoot"]!, name);
            Assert.Equal((1654, "RuntimeDefault"), ((int)pod["securityContext"]!["runAsUser"]!, (string)pod["securityContext"]!["seccompProfile"]!["type"]!));
            var container = Assert.Single(pod["containers"]!.AsArray())!;
            Assert.True((bool)container["securityContext"]!["readOnlyRootFilesystem"]!, name);
            Assert.False((bool)container["securityContext"]!["allowPrivilegeEscalation"]!, name);
            Assert.Equal("ALL", (string)container["securityContext"]!["capabilities"]!["drop"]![0]!);
            Assert.NotNull(container["resources"]!["limits"]!["memory"]);
            Assert.NotNull(container["resources"]!["requests"]!["cpu"]);
        }
        Assert.All(chart.Of("ServiceAccount"), account => Assert.False((bool)account["automountServiceAccountToken"]!));
    }

    [Theory]
    [MemberData(nameof(RenderedChart.Shapes), MemberType = typeof(RenderedChart))]
    public async Task Selectors_say_nothing_that_changes_from_version_to_version(string set)
    {
        var chart = await RenderedChart.RenderAsync(set);
        string[] stable = ["app.kubernetes.io/component", "app.kubernetes.io/instance", "app.kubernetes.io/name"];
        foreach (var workload in chart.Of("Deployment").Concat(chart.Of("StatefulSet")))
        {
            var selector = workload["spec"]!["selector"]!["matchLabels"]!.AsObject();
            Assert.Equal(stable, selector.Select(l => l.Key).Order(StringComparer.Ordinal));
            var labels = workload["spec"]!["template"]!["metadata"]!["labels"]!.AsObject();
            Assert.All(selector, l => Assert.Equal((string)l.Value!, (string)labels[l.Key]!));
        }
    }

    [Fact]
    public async Task Pods_take_calls_until_everybody_knows_that_they_leave_and_then_have_time_to_end_them()
    {
        var chart = await RenderedChart.RenderAsync("preStopSeconds=20");
        foreach (var name in new[] { "command", "query", "projector" })
        {
            var pod = chart.Pods().Single(p => p.Name == name).Spec;
            Assert.Equal(20, (int)pod["containers"]![0]!["lifecycle"]!["preStop"]!["sleep"]!["seconds"]!);
            // The host gives calls in flight 25 seconds.
            Assert.True((int)pod["terminationGracePeriodSeconds"]! > 20 + 25);
        }
        // There is no other that calls could go to meanwhile.
        Assert.Null((await RenderedChart.RenderAsync("commandDatabase.provider=Sqlite")).Pods().Single(p => p.Name == "command").Spec["containers"]![0]!["lifecycle"]);
    }

    [Fact]
    public async Task A_gateway_waits_at_its_start_only_for_the_services_and_not_for_ever()
    {
        var container = (await RenderedChart.RenderAsync()).Pods().Single(p => p.Name == "gateway").Spec["containers"]![0]!;
        string Path(string probe) => (string)container[probe]!["httpGet"]!["path"]!;
        Assert.Equal(["/healthz/started?patience=60", "/healthz/ready", "/healthz/live"], new[] { "startupProbe", "readinessProbe", "livenessProbe" }.Select(Path));
        // Else it would be killed before it gives up.
        Assert.True((int)container["startupProbe"]!["periodSeconds"]! * (int)container["startupProbe"]!["failureThreshold"]! > 60);
    }

    [Fact]
    public async Task A_changed_value_rolls_the_pods_that_it_is_for()
    {
        var (before, after) = (await RenderedChart.RenderAsync(), await RenderedChart.RenderAsync("queries.maxTokenWait=00:00:09,gateway.timeouts.query=29s"));
        var changed = before.Of("Deployment").Where(d => !JsonNode.DeepEquals(d["spec"]!["template"], after.The("Deployment", RenderedChart.Name(d))["spec"]!["template"])).Select(RenderedChart.Name).Order();
        Assert.Equal(["gateway", "query"], changed);
    }

    [Fact]
    public async Task Credentials_come_from_secrets_that_are_there_and_from_nowhere_else()
    {
        var chart = await RenderedChart.RenderAsync(RenderedChart.Shapes.Last().Data);
        Assert.Empty(chart.Of("Secret"));
        foreach (var name in new[] { "CommandDatabase__ConnectionString", "Kafka__Client__sasl_username", "Kafka__Client__sasl_password", "Elasticsearch__ApiKey" })
            Assert.NotNull(chart.Environment("command")[name]["valueFrom"]!["secretKeyRef"]);
        foreach (var name in new[] { "Kafka__Client__ssl_ca_location", "Kafka__Client__ssl_key_location", "Elasticsearch__CaCertificate" })
        {
            var folder = Path.GetDirectoryName((string)chart.Environment("query")[name]["value"]!);
            Assert.Contains(chart.Pods().Single(p => p.Name == "query").Spec["containers"]![0]!["volumeMounts"]!.AsArray(), m => (string)m!["mountPath"]! == folder);
        }
        // The query service never looks into the command database, nor does the projector.
        Assert.DoesNotContain(chart.Environment("query").Concat(chart.Environment("projector")), e => e.Key.StartsWith("CommandDatabase", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", "catalog-command-database/connectionString")]
    [InlineData("commandDatabase.migrate.existingSecret=owner", "owner/connectionString")]
    [InlineData("commandDatabase.migrate.connectionStringKey=migrate", "catalog-command-database/migrate")]
    [InlineData("commandDatabase.migrate.existingSecret=owner,commandDatabase.migrate.connectionStringKey=migrate", "owner/migrate")]
    public async Task Who_changes_the_schema_may_have_a_login_that_nobody_else_has(string set, string expected)
    {
        var chart = await RenderedChart.RenderAsync(set);
        string Login(string component)
        {
            var secret = chart.Environment(component)["CommandDatabase__ConnectionString"]["valueFrom"]!["secretKeyRef"]!;
            return $"{secret["name"]}/{secret["key"]}";
        }
        Assert.Equal(expected, Login("migrate"));
        Assert.All(["command", "rebuild"], component => Assert.Equal("catalog-command-database/connectionString", Login(component)));
    }

    [Theory]
    [InlineData("", "command", "1433 9092 9200")]
    [InlineData("", "query", "9092 9200")]
    [InlineData("", "projector", "9092 9200")]
    [InlineData("", "gateway", "5080")]
    [InlineData("", "migrate", "1433")]
    [InlineData("", "topics", "9092")]
    [InlineData("", "rebuild", "1433 9200")]
    [InlineData("", "default-deny", "")]
    [InlineData("commandDatabase.provider=Sqlite", "command", "9092 9200")]
    [InlineData("standalone.enabled=true", "standalone", "")]
    public async Task Nobody_talks_to_anybody_but_as_the_picture_says(string set, string component, string stores)
    {
        var policy = (await RenderedChart.RenderAsync(set)).The("NetworkPolicy", component)["spec"]!;
        Assert.Equal(["Ingress", "Egress"], policy["policyTypes"]!.AsArray().Select(t => (string)t!));
        var ports = Ports(policy["egress"]);
        if (component != "default-deny")
        {
            Assert.Equal(["TCP", "UDP"], policy["egress"]!.AsArray().SelectMany(r => r!["ports"]!.AsArray()).Where(p => (int)p!["port"]! == 53).Select(p => (string)p!["protocol"]!).Order());
        }
        Assert.Equal(stores, string.Join(' ', ports.Where(p => p != 53).Distinct().Order()));
        if (component is "command" or "query") Assert.Equal("gateway", Component(Assert.Single(policy["ingress"]![0]!["from"]!.AsArray())));
        if (component is "migrate" or "topics" or "rebuild" or "default-deny") Assert.Empty(Ports(policy["ingress"]));
    }

    [Theory]
    [InlineData("kafka.bootstrapServers=a:9094\\,[fd00::1]:9095\\,c:9094", "9094 9095")]
    [InlineData("kafka.bootstrapServers=a:9094,networkPolicy.kafka.ports={9096}", "9096")]
    [InlineData("elasticsearch.url=https://a:9243\\, http://b:9201/path", "9201 9243")]
    [InlineData("elasticsearch.url=https://a", "443")]
    [InlineData("elasticsearch.url=http://[fd00::1]", "80")]
    [InlineData("elasticsearch.url=https://a,networkPolicy.elasticsearch.ports={9201,9243}", "9201 9243")]
    [InlineData("telemetry.otlpEndpoint=http://collector:4319/v1", "4319")]
    [InlineData("telemetry.otlpEndpoint=https://collector", "443")]
    [InlineData("telemetry.otlpEndpoint=http://collector:80,networkPolicy.telemetry.ports={4317}", "4317")]
    public async Task The_ports_of_the_stores_follow_from_their_addresses_unless_the_values_name_others(string set, string expected)
    {
        var (before, after) = (await RenderedChart.RenderAsync(), await RenderedChart.RenderAsync(set));
        foreach (var component in new[] { "command", "query", "projector" })
            Assert.Equal(expected, string.Join(' ', Ports(after.The("NetworkPolicy", component)["spec"]!["egress"]).Except(Ports(before.The("NetworkPolicy", component)["spec"]!["egress"])).Order()));
    }

    [Theory]
    [InlineData("gateway.tracing.collector=collector:4319", "4319 5080")]
    [InlineData("gateway.jwt.enabled=true,gateway.jwt.issuer=https://id.example.com/,gateway.jwt.jwksUri=https://id.example.com/keys", "443 5080")]
    [InlineData("gateway.jwt.enabled=true,gateway.jwt.issuer=https://id.example.com/,gateway.jwt.jwksUri=http://id.example.com:8081/keys", "5080 8081")]
    [InlineData("gateway.backends.commands[0].host=a,gateway.backends.commands[0].port=5082", "5080 5082")]
    public async Task The_gateway_may_go_where_its_values_lead_it(string set, string expected)
    {
        var policy = (await RenderedChart.RenderAsync(set)).The("NetworkPolicy", "gateway")["spec"]!;
        Assert.Equal(expected, string.Join(' ', Ports(policy["egress"]).Where(p => p != 53).Distinct().Order()));
    }

    [Theory]
    [InlineData("command", 5081)]
    [InlineData("query", 5081)]
    [InlineData("projector", 5081)]
    [InlineData("gateway", 5081)]
    [InlineData("gateway", 6081)]
    public async Task Metrics_are_read_by_whom_the_values_name_and_by_nobody_else(string component, int port)
    {
        var set = $"gateway.probes.port={(component == "gateway" ? port : 5081)}";
        var open = (await RenderedChart.RenderAsync(set)).The("NetworkPolicy", component)["spec"]!["ingress"]!.AsArray();
        Assert.Equal("monitoring", (string)Assert.Single(open, r => Ports(r!).Contains(port) && Component(r!["from"]![0]) is null)!["from"]![0]!["namespaceSelector"]!["matchLabels"]!["kubernetes.io/metadata.name"]!);
        // An empty list would be a rule for everybody.
        var shut = (await RenderedChart.RenderAsync(set, "--set-json", "networkPolicy.prometheus=[]")).The("NetworkPolicy", component)["spec"]!["ingress"]!.AsArray();
        Assert.DoesNotContain(shut, r => Ports(r!).Contains(port) && Component(r!["from"]?.AsArray().FirstOrDefault()) is null);
    }

    [Fact]
    public async Task The_gateway_is_open_to_everybody_or_to_whom_the_values_name_and_the_test_of_the_release()
    {
        var open = (await RenderedChart.RenderAsync()).The("NetworkPolicy", "gateway")["spec"]!["ingress"]![0]!;
        Assert.Equal((8080, 0), (Assert.Single(Ports(open)), open["from"]!.AsArray().Count));
        var named = await RenderedChart.RenderAsync("gateway.listener.port=8443,gateway.networkPolicy.from[0].podSelector.matchLabels.app\\.kubernetes\\.io/component=shop");
        var rule = named.The("NetworkPolicy", "gateway")["spec"]!["ingress"]![0]!;
        Assert.Equal(8443, Assert.Single(Ports(rule)));
        Assert.Equal(["shop", "test"], rule["from"]!.AsArray().Select(Component));
        Assert.Contains(8443, Ports(named.The("NetworkPolicy", "test")["spec"]!["egress"]));
    }

    [Fact]
    public async Task One_switch_leaves_no_policy()
    {
        Assert.Empty((await RenderedChart.RenderAsync("networkPolicy.enabled=false")).Of("NetworkPolicy"));
        var standalone = await RenderedChart.RenderAsync("standalone.enabled=true");
        Assert.Equal(["default-deny", "gateway", "standalone", "test"], standalone.Of("NetworkPolicy").Select(RenderedChart.Name).Order());
        Assert.Contains(standalone.The("NetworkPolicy", "gateway")["spec"]!["egress"]!.AsArray(), r => Component(r!["to"]?.AsArray().FirstOrDefault()) == "standalone");
    }

    [Fact]
    public async Task What_the_Jobs_may_do_is_said_before_they_begin()
    {
        var chart = await RenderedChart.RenderAsync();
        foreach (var job in chart.Of("Job"))
        {
            var (of, policy) = (job["metadata"]!["annotations"]!, chart.The("NetworkPolicy", RenderedChart.Name(job))["metadata"]!["annotations"]!);
            Assert.Equal((string)of["helm.sh/hook"]!, (string)policy["helm.sh/hook"]!);
            Assert.True(int.Parse((string)policy["helm.sh/hook-weight"]!, null) < int.Parse((string)of["helm.sh/hook-weight"]!, null));
        }
    }

    private static IEnumerable<int> Ports(JsonNode? rules) => (rules is JsonObject one ? [one] : rules?.AsArray().OfType<JsonObject>() ?? []).SelectMany(r => r["ports"]!.AsArray()).Select(p => (int)p!["port"]!);

    /// <summary>Which component of the chart a peer is; null if none.</summary>
    private static string? Component(JsonNode? peer) => (string?)peer?["podSelector"]?["matchLabels"]?["app.kubernetes.io/component"];
}
