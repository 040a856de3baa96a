using System.Diagnostics;
using Catalog.Commands;
using Catalog.Commands.Relaying;
using Catalog.Elasticsearch;
using Catalog.Elasticsearch.Http;
using Catalog.Elasticsearch.Writing;
using Catalog.Kafka;
using Catalog.Kafka.Publishing;
using Catalog.Kafka.Topics;
using Catalog.Projections;
using Catalog.Sqlite;
using Catalog.V1;
using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;

namespace Catalog.Bench;

/// <summary>
/// The way from the event log into the index of a cluster, on real servers (<c>TEST_KAFKA</c>, <c>TEST_ELASTICSEARCH</c>): the relay beside the raw client with messages made
/// beforehand, the projector beside raw bulk requests with bodies made beforehand, in turns.
/// </summary>
internal static class Queue
{
    private const int Batch = 1000;

    public static async Task RunAsync(Settings settings, Report report, CancellationToken stop)
    {
        var (kafka, elasticsearch) = (Environment.GetEnvironmentVariable("TEST_KAFKA"), Environment.GetEnvironmentVariable("TEST_ELASTICSEARCH"));
        if (string.IsNullOrEmpty(kafka) || string.IsNullOrEmpty(elasticsearch))
        {
            Console.WriteLine("  left out: TEST_KAFKA and TEST_ELASTICSEARCH name no servers");
            return;
        }
        var folder = Directory.CreateTempSubdirectory("catalog-bench-").FullName;
        try
        {
            var data = Path.Combine(folder, "data");
            await FillAsync(settings, data, folder, stop);
            using var metrics = new CommandMetrics();
            using var database = SqliteCommandDatabase.Open(new CommandDatabaseOptions { Path = Path.Combine(data, "catalog.db") }, TimeProvider.System, metrics, NullLogger<SqliteCommandDatabase>.Instance);
            var messages = await ReadAsync(new SqliteOutbox(database), stop);
            var bodies = Bodies(messages.Select(m => ProductEvent.Parser.ParseFrom(m.Value.Span).Product));
            List<double> relay = [], raw = [], labelled = [], projector = [], bulk = [];
            for (var round = 0; round < (settings.Quick ? 1 : 3); round++)
            {
                var options = new KafkaOptions { BootstrapServers = kafka, Topic = $"bench-{Guid.NewGuid():n}", Group = $"bench-{Guid.NewGuid():n}", ReplicationFactor = 1, MinInSyncReplicas = 1 };
                using (var topics = new KafkaTopics(options, NullLoggerFactory.Instance)) await topics.EnsureAsync(stop);
                raw.Add(messages.Count / Produce(options, messages, headers: false));
                labelled.Add(messages.Count / Produce(options, messages, headers: true));
                options.Topic = $"bench-{Guid.NewGuid():n}";
                using (var topics = new KafkaTopics(options, NullLoggerFactory.Instance)) await topics.EnsureAsync(stop);
                relay.Add(messages.Count / await RelayAsync(options, database, messages[^1].Position, stop));
                bulk.Add(messages.Count / await BulkAsync(elasticsearch, bodies, stop));
                projector.Add(messages.Count / await ProjectAsync(options, elasticsearch, messages[0].LogId, messages.Count, stop));
            }
            report.Add("raw producer, messages made beforehand", Load.Median(raw), "/s");
            report.Add("raw producer, with the same headers", Load.Median(labelled), "/s");
            report.Add("relay", Load.Median(relay), "/s");
            report.Add("relay / raw producer with the same headers (aim 0.8)", Load.Median(relay) / Load.Median(labelled), "", atLeast: 0.5);
            report.Add("relay / raw producer without headers", Load.Median(relay) / Load.Median(raw), "");
            report.Add("raw bulk, bodies made beforehand", Load.Median(bulk), "/s");
            report.Add("projector", Load.Median(projector), "/s");
            report.Add("projector / raw bulk (aim 0.8)", Load.Median(projector) / Load.Median(bulk), "", atLeast: 0.5);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task FillAsync(Settings settings, string data, string folder, CancellationToken stop)
    {
        var (file, _) = Corpus.File60k(folder);
        await using var catalog = await ServerProcess.StartCatalogAsync(settings.Catalog, data);
        using var import = Process.Start(settings.Catalog, ["import", file, "--server", catalog.Grpc.ToString(), "--rejects", Path.Combine(folder, "rejects"), "--quiet"]);
        await import.WaitForExitAsync(stop);
    }

    private static async Task<List<EventEnvelope>> ReadAsync(SqliteOutbox outbox, CancellationToken stop)
    {
        var logId = (await outbox.GetStateAsync(stop)).LogId;
        var envelopes = new List<EventEnvelope>();
        for (var after = 0L; await outbox.ReadAsync(after, Batch, stop) is { Count: > 0 } events; after = events[^1].Position)
            foreach (var happened in events)
                envelopes.Add(EventEnvelope.TryCreate(happened, logId, out var envelope, out var fault) ? envelope : throw new InvalidOperationException(fault));
        return envelopes;
    }

    private static double Produce(KafkaOptions options, List<EventEnvelope> messages, bool headers)
    {
        using var producer = new ProducerBuilder<string, byte[]>(new ProducerConfig
        {
            BootstrapServers = options.BootstrapServers, EnableIdempotence = true, Acks = Acks.All, CompressionType = CompressionType.Lz4, LingerMs = 5,
            Partitioner = Partitioner.Murmur2Random, QueueBufferingMaxMessages = messages.Count + 1, DeliveryReportFields = "none",
        }).Build();
        var labels = new EventHeaders();
        var made = messages.ConvertAll(m => new Message<string, byte[]>
        {
            Key = m.ProductId, Value = m.Value.ToArray(),
            Headers = headers ? [.. labels.Of(m).Select(h => new Header(h.Key, h.GetValueBytes().ToArray()))] : null,
        });
        var left = new CountdownEvent(made.Count);
        var begun = Stopwatch.GetTimestamp();
        foreach (var message in made)
            producer.Produce(options.Topic, message, delivered =>
            {
                if (delivered.Error.IsError) throw new InvalidOperationException(delivered.Error.Reason);
                left.Signal();
            });
        left.Wait();
        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    private static async Task<double> RelayAsync(KafkaOptions options, SqliteCommandDatabase database, long head, CancellationToken stop)
    {
        var outbox = new SqliteOutbox(database);
        // From the beginning, each time.
        if (await outbox.TryAcquireAsync("bench", TimeSpan.FromMinutes(1), stop) is { } lease)
        {
            await outbox.SavePublishedAsync(lease.Epoch, 0, stop);
            await outbox.ReleaseAsync(lease.Epoch, stop);
        }
        await using var services = new ServiceCollection().AddLogging().AddKafkaPublisher(options).BuildServiceProvider();
        using var metrics = new RelayMetrics();
        using var relay = new Relay(outbox, services.GetRequiredService<IEventPublisher>(), new NoDirectSync(), new RelayOptions { FallbackAfter = TimeSpan.FromDays(10_000) }, TimeProvider.System, metrics,
            NullLogger<Relay>.Instance);
        var begun = Stopwatch.GetTimestamp();
        await relay.StartAsync(stop);
        while (await relay.GetStatusAsync(stop) is not { } status || status.Published < head) await Task.Delay(5, stop);
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        await relay.StopAsync(stop);
        return seconds;
    }

    private static List<ReadOnlyMemory<byte>> Bodies(IEnumerable<Product> products)
    {
        var bodies = new List<ReadOnlyMemory<byte>>();
        foreach (var batch in products.Chunk(Batch))
        {
            var body = new PooledBuffer();
            using var documents = new DocumentWriter(body);
            foreach (var product in batch) documents.Append(product);
            bodies.Add(body.Written.ToArray());
            body.Return();
        }
        return bodies;
    }

    private static async Task<double> BulkAsync(string elasticsearch, List<ReadOnlyMemory<byte>> bodies, CancellationToken stop)
    {
        await using var index = await BenchIndex.CreateAsync(elasticsearch, "bench", stop);
        using var http = new HttpClient { BaseAddress = new Uri(elasticsearch) };
        var begun = Stopwatch.GetTimestamp();
        foreach (var body in bodies)
        {
            using var content = new ReadOnlyMemoryContent(body);
            content.Headers.ContentType = new("application/json");
            using var answer = await http.PostAsync(new Uri($"/{await index.NameAsync(http, stop)}/_bulk?filter_path=errors", UriKind.Relative), content, stop);
            if (!(await answer.Content.ReadAsStringAsync(stop)).Contains("false", StringComparison.Ordinal)) throw new InvalidOperationException("A bulk request failed.");
        }
        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    private static async Task<double> ProjectAsync(KafkaOptions options, string elasticsearch, string logId, int count, CancellationToken stop)
    {
        await using var index = await BenchIndex.CreateAsync(elasticsearch, logId, stop);
        using var metrics = new ProjectionMetrics();
        using var written = new Counter(metrics);
        await using var services = new ServiceCollection().AddLogging().AddElasticsearch(index.Options).AddSingleton(metrics).AddKafkaProjector(options).BuildServiceProvider();
        var projector = services.GetServices<IHostedService>().Single();
        await projector.StartAsync(stop);
        // The group forms first; what is measured begins with the first batch.
        while (written.Events == 0) await Task.Delay(1, stop);
        var (before, begun) = (written.Events, Stopwatch.GetTimestamp());
        while (written.Events < count) await Task.Delay(5, stop);
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds * count / (count - before);
        await projector.StopAsync(stop);
        return seconds;
    }

    /// <summary>Counts what the projector counts.</summary>
    private sealed class Counter : IDisposable
    {
        private readonly System.Diagnostics.Metrics.MeterListener _listener = new();
        private long _events;

        public Counter(ProjectionMetrics metrics)
        {
            _ = metrics;
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "catalog.projector.events") listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref _events, value));
            _listener.Start();
        }

        public long Events => Interlocked.Read(ref _events);

        public void Dispose() => _listener.Dispose();
    }

    private sealed class NoDirectSync : IDirectSync
    {
        public Task RunAsync(long from, long lost, Action<long> reached, CancellationToken cancellation) => Task.Delay(Timeout.Infinite, cancellation);
    }

    /// <summary>An index that serves, gone afterwards.</summary>
    private sealed class BenchIndex : IAsyncDisposable
    {
        private readonly ServiceProvider _services;
        private string? _name;

        private BenchIndex(ElasticsearchOptions options, ServiceProvider services) => (Options, _services) = (options, services);

        public ElasticsearchOptions Options { get; }

        public static async Task<BenchIndex> CreateAsync(string elasticsearch, string logId, CancellationToken stop)
        {
            var options = new ElasticsearchOptions { Url = elasticsearch, Alias = $"bench{Guid.NewGuid():n}", Replicas = 0 };
            var services = new ServiceCollection().AddElasticsearch(options).BuildServiceProvider();
            var indexes = services.GetRequiredService<IIndexSet>();
            await indexes.SwapAsync(await indexes.CreateAsync(logId, stop), stop);
            return new BenchIndex(options, services);
        }

        public async Task<string> NameAsync(HttpClient http, CancellationToken stop) =>
            _name ??= (await http.GetStringAsync(new Uri($"/_cat/aliases/{Options.Alias}?h=index", UriKind.Relative), stop)).Trim();

        public async ValueTask DisposeAsync()
        {
            using var http = new HttpClient { BaseAddress = new Uri(Options.Url) };
            var indices = await http.GetStringAsync(new Uri($"/_cat/indices/{Options.Alias}-*?h=index", UriKind.Relative));
            foreach (var index in indices.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)) using (await http.DeleteAsync(new Uri($"/{index}", UriKind.Relative))) { }
            await _services.DisposeAsync();
        }
    }
}
