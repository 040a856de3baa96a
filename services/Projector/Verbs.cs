using System.CommandLine;
using Catalog.Elasticsearch;
using Catalog.Elasticsearch.Http;
using Catalog.Hosting;
using Catalog.Kafka;
using Catalog.Kafka.Projecting;
using Catalog.Kafka.Topics;
using Catalog.Projections;
using Catalog.Queries;

namespace Catalog.Projector;

/// <summary>What is done to the topics by hand, or by a job at install.</summary>
internal static class Verbs
{
    public static Command Topics() => Create("topics", "Makes the topics that are missing, and checks those that are there.", (configuration, _) => { },
        async (services, cancellation) =>
        {
            using var topics = new KafkaTopics(Settings.Read<KafkaOptions>(services.GetRequiredService<IConfiguration>(), "Kafka", o => o.Problems()), services.GetRequiredService<ILoggerFactory>());
            var findings = await topics.EnsureAsync(cancellation);
            foreach (var finding in findings) await Console.Error.WriteLineAsync($"WARNING: {finding}");
            Console.WriteLine(findings.Count == 0 ? "The topics are as they should be." : "The topics are there. See the warnings.");
            return 0;
        });

    public static Command ReplayDeadLetters() => Create("replay-dead-letters", "Tries again to put into the index what was set aside.",
        (configuration, services) =>
        {
            ProjectorHost.AddStores(services, configuration, out var kafka);
            services.AddKafkaDeadLetterReplay(kafka);
        },
        async (services, cancellation) =>
        {
            var (replayed, left) = await services.GetRequiredService<KafkaDeadLetterReplay>().RunAsync(cancellation);
            Console.WriteLine($"{replayed} dead letters were replayed, {left} are left.");
            return left == 0 ? 0 : 1;
        });

    private static Command Create(string verb, string description, Action<IConfiguration, IServiceCollection> add, Func<IServiceProvider, CancellationToken, Task<int>> run) =>
        VerbCommand.Create(verb, description, add, run, (e, configuration) => e switch
        {
            Confluent.Kafka.KafkaException kafka => KafkaOptions.Explain(kafka, configuration["Kafka:BootstrapServers"]),
            IndexUnavailableException unavailable => ElasticsearchOptions.Explain(unavailable, configuration["Elasticsearch:Url"]),
            TopicsException or IndexLostException or ElasticsearchException => e.Message,
            _ => null,
        });
}
