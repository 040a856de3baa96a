using Catalog.Commands.Relaying;
using Catalog.Kafka.Projecting;
using Catalog.Kafka.Publishing;
using Catalog.Kafka.Watching;
using Catalog.Projections;
using Catalog.Queries;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Catalog.Kafka;

/// <summary>Makes the message queue known to a host.</summary>
public static class KafkaRegistration
{
    /// <summary>The <see cref="IEventPublisher"/> of the relay.</summary>
    public static IServiceCollection AddKafkaPublisher(this IServiceCollection services, KafkaOptions options)
    {
        services.AddClients(options).TryAddSingleton<IEventPublisher, KafkaPublisher>();
        return services;
    }

    /// <summary>
    /// The projector as a hosted service, and the replay of its dead letters. Needs an <see cref="IIndexSet"/>, an <see cref="IStatusBoard"/> and <see cref="ProjectionMetrics"/>.
    /// </summary>
    public static IServiceCollection AddKafkaProjector(this IServiceCollection services, KafkaOptions options)
    {
        services.AddKafkaDeadLetterReplay(options);
        services.TryAddSingleton<KafkaProjectorMetrics>();
        services.TryAddSingleton<BatchProjection>();
        services.TryAddSingleton<ProjectorStatus>();
        return services.AddHostedService<KafkaProjector>();
    }

    /// <summary>The replay of dead letters alone, for its verb. Needs an <see cref="IIndexSet"/>.</summary>
    public static IServiceCollection AddKafkaDeadLetterReplay(this IServiceCollection services, KafkaOptions options)
    {
        services.AddClients(options).TryAddSingleton<DeadLetterTopic>();
        services.TryAddSingleton<KafkaDeadLetterReplay>();
        return services;
    }

    /// <summary>The <see cref="IChangeFeed"/> of WatchProducts, which reads the topic from the host's start on. Needs an <see cref="IProductIndex"/>.</summary>
    public static IServiceCollection AddKafkaChangeFeed(this IServiceCollection services, KafkaOptions options)
    {
        services.AddClients(options).TryAddSingleton<CatchUpReaders>();
        services.TryAddSingleton(s => new SharedTail(
            s.GetRequiredService<KafkaClients>(), options, s.GetRequiredService<TopicAdmin>(), c => LogIdAsync(s, c), s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<ILogger<SharedTail>>()));
        services.TryAddSingleton<IChangeFeed>(s => new KafkaChangeFeed(
            s.GetRequiredService<SharedTail>(), s.GetRequiredService<CatchUpReaders>(), s.GetRequiredService<TopicAdmin>(), options, c => LogIdAsync(s, c),
            s.GetRequiredService<TimeProvider>()));
        return services.AddHostedService(s => s.GetRequiredService<SharedTail>());
    }

    /// <summary>Whether the cluster answers and has the topic, for readiness. Needs one of the above.</summary>
    public static ValueTask<bool> IsKafkaReachedAsync(this IServiceProvider services, CancellationToken cancellation) =>
        services.GetRequiredService<TopicAdmin>().IsReachedAsync(services.GetRequiredService<KafkaOptions>().Topic, cancellation);

    // The event log that the index follows. It is asked every two seconds and for each watch that begins; an index that is away knows nothing now, and breaks no watch.
    private static async ValueTask<string?> LogIdAsync(IServiceProvider services, CancellationToken cancellation)
    {
        try
        {
            using var reader = await services.GetRequiredService<IProductIndex>().OpenAsync(cancellation);
            return reader.LogId;
        }
        catch (Exception) when (!cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    private static IServiceCollection AddClients(this IServiceCollection services, KafkaOptions options)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(options);
        services.TryAddSingleton<KafkaClients>();
        services.TryAddSingleton<TopicAdmin>();
        return services;
    }
}
