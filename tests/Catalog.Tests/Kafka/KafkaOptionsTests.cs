using Catalog.Kafka;
using Confluent.Kafka;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Catalog.Tests.Kafka;

public sealed class KafkaOptionsTests
{
    [Fact]
    public void The_defaults_need_only_an_address()
    {
        Assert.Equal(["Kafka:BootstrapServers must name the servers, such as kafka:9092."], new KafkaOptions().Problems());
        Assert.Empty(new KafkaOptions { BootstrapServers = "kafka:9092" }.Problems());
    }

    [Theory]
    [InlineData("acks", "1")]
    [InlineData("enable.idempotence", "false")]
    [InlineData("enable.auto.commit", "true")]
    [InlineData("auto.offset.reset", "latest")]
    [InlineData("message.timeout.ms", "1000")]
    [InlineData("partitioner", "random")]
    [InlineData("Enable_Idempotence", "false")]
    [InlineData("group.id", "mine")]
    [InlineData("dotnet.producer.enable.delivery.reports", "false")]
    public void A_setting_that_a_guarantee_rests_on_is_refused_without_its_value(string name, string value)
    {
        var problem = Assert.Single(new KafkaOptions { BootstrapServers = "kafka:9092", Client = { [name] = value } }.Problems());
        Assert.StartsWith($"Kafka:Client:{name.Replace('_', '.')} cannot be set", problem);
        Assert.DoesNotContain($"\"{value}\"", problem);
    }

    [Fact]
    public void Settings_of_the_connection_come_from_the_configuration_with_dots_or_underscores()
    {
        var options = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Kafka:BootstrapServers"] = "kafka:9093",
            ["Kafka:Client:security_protocol"] = "SASL_SSL",
            ["Kafka:Client:sasl.mechanism"] = "SCRAM-SHA-512",
            ["Kafka:Client:sasl.username"] = "catalog",
            ["Kafka:Client:sasl.password"] = "secret",
        }).Build().GetSection("Kafka").Get<KafkaOptions>()!;
        Assert.Empty(options.Problems());
        // The client refuses a setting that it does not know, so these have arrived.
        using var producer = new KafkaClients(options, NullLoggerFactory.Instance).Producer("test", _ => { });
        options.Client["sasl_mecanism"] = "x";
        Assert.Throws<InvalidOperationException>(() => new KafkaClients(options, NullLoggerFactory.Instance).Producer("test", _ => { }));
    }

    [Fact]
    public void Wrong_values_are_named_all_at_once()
    {
        var problems = new KafkaOptions { BootstrapServers = "k:1", Topic = "a b", Group = "", Partitions = 0, ReplicationFactor = 1, MinInSyncReplicas = 2, Retention = TimeSpan.Zero, MaxInFlight = 0 }.Problems();
        Assert.Equal(6, problems.Count());
    }

    [Fact]
    public void What_a_client_says_over_and_over_is_logged_once_a_minute()
    {
        var (lines, time) = (new LogCollector(), new FakeTimeProvider());
        var log = new KafkaLog(lines, time);
        for (var i = 0; i < 100; i++)
        {
            log.Write(new LogMessage("c", SyslogLevel.Error, "FAIL", "connection refused"));
            log.Write(new Error(ErrorCode.Local_AllBrokersDown, "1/1 brokers are down"));
        }
        Assert.Equal(2, lines.Lines.Count);
        time.Advance(TimeSpan.FromMinutes(1));
        log.Write(new LogMessage("c", SyslogLevel.Error, "FAIL", "connection refused"));
        Assert.Equal(3, lines.Lines.Count);
        log.Write(new Error(ErrorCode.Local_Fatal, "fenced", isFatal: true));
        Assert.Equal(LogLevel.Error, lines.Lines[^1].Level);
    }
}
