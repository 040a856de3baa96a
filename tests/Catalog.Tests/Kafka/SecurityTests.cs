using System.Net;
using System.Security.Cryptography.X509Certificates;
using Catalog.Kafka.Topics;
using Confluent.Kafka;

namespace Catalog.Tests.Kafka;

/// <summary>A broker that is reached over TLS by those who log in.</summary>
public sealed class SecurityTests
{
    [Fact]
    public async Task Events_go_over_TLS_to_a_broker_that_knows_the_client_and_nobody_else_gets_through()
    {
        using var folder = new TempFolder();
        using var authority = TestCertificates.Authority();
        using var stranger = TestCertificates.Authority();
        using var certificate = TestCertificates.ServerOf(authority, IPAddress.Loopback);
        using var key = certificate.GetECDsaPrivateKey()!;
        var server = folder.File("server.pem");
        await File.WriteAllTextAsync(server, $"{key.ExportPkcs8PrivateKeyPem()}\n{certificate.ExportCertificatePem()}\n");
        await File.WriteAllTextAsync(folder.File("ca.pem"), authority.ExportCertificatePem());
        await File.WriteAllTextAsync(folder.File("stranger.pem"), stranger.ExportCertificatePem());
        await using var broker = await TestBroker.StartAsync(port => $"""
            listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{port + 1},SECURE://127.0.0.1:{port + 2}
            advertised.listeners=PLAINTEXT://127.0.0.1:{port},SECURE://127.0.0.1:{port + 2}
            listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
            sasl.enabled.mechanisms=PLAIN
            listener.name.secure.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_catalog="secret";
            ssl.keystore.type=PEM
            ssl.keystore.location={server}
            """);

        await using var topic = await TestTopic.CreateAsync(servers: broker.MoreServers, create: false);
        // As environment variables name them.
        foreach (var (name, value) in new[] { ("security_protocol", "SASL_SSL"), ("sasl_mechanism", "PLAIN"), ("sasl_username", "catalog"), ("sasl_password", "secret"), ("ssl_ca_location", folder.File("ca.pem")) })
            topic.Options.Client[name] = value;
        await topic.EnsureAsync();
        await topic.PublishAsync([.. Enumerable.Range(1, 100).Select(i => TestTopic.Event(i, $"p{i % 7}", i))]);
        Assert.Equal(100, (await topic.ReadAllAsync()).Count);

        await RefusedAsync(broker, topic, "sasl_password", "guessed", "uthentication failed");
        await RefusedAsync(broker, topic, "ssl_ca_location", folder.File("stranger.pem"), "certificate verify failed");
    }

    private static async Task RefusedAsync(TestBroker broker, TestTopic known, string name, string value, string reason)
    {
        await using var topic = await TestTopic.CreateAsync(servers: broker.MoreServers, create: false);
        foreach (var (key, setting) in known.Options.Client) topic.Options.Client[key] = setting;
        topic.Options.Client[name] = value;
        using var topics = new KafkaTopics(topic.Options, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
        var refusal = await Assert.ThrowsAsync<TopicsException>(() => topics.EnsureAsync(default));
        Assert.Contains("lets nobody in with the settings of Kafka:Client", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
    }
}
