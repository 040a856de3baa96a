using Catalog.Kafka;
using Catalog.Kafka.Projecting;
using Catalog.Projections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Catalog.Tests.Kafka;

/// <summary>A projector as a host would run it, and what it says.</summary>
internal sealed class TestProjector : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    public TestProjector(TestTopic topic, MemoryIndexSet indexes, TimeProvider? time = null)
    {
        _services = new ServiceCollection().AddLogging(b => b.AddProvider(Log)).AddSingleton<IIndexSet>(indexes).AddSingleton<IStatusBoard>(indexes).AddSingleton<ProjectionMetrics>().AddSingleton(time ?? TimeProvider.System)
            .AddKafkaProjector(topic.Options).BuildServiceProvider();
        Projector = Assert.IsType<KafkaProjector>(_services.GetRequiredService<IHostedService>());
    }

    public LogCollector Log { get; } = new();

    public KafkaProjector Projector { get; }

    public KafkaProjectorMetrics Metrics => _services.GetRequiredService<KafkaProjectorMetrics>();

    public KafkaDeadLetterReplay Replay => _services.GetRequiredService<KafkaDeadLetterReplay>();

    public static async Task<TestProjector> StartAsync(TestTopic topic, MemoryIndexSet indexes, TimeProvider? time = null)
    {
        var projector = new TestProjector(topic, indexes, time);
        await projector.Projector.StartAsync(default);
        return projector;
    }

    public async ValueTask DisposeAsync()
    {
        await Projector.StopAsync(default);
        await _services.DisposeAsync();
    }
}
