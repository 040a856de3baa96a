using Catalog.Commands.Relaying;
using Catalog.Kafka.Projecting;
using Catalog.Kafka.Publishing;
using Catalog.Projections;
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
        services.TryAddSingleton(s => new KafkaProjector(
            s.GetRequiredService<KafkaClients>(), options, s.GetRequiredService<IIndexSet>(), s.GetRequiredService<BatchProjection>(), s.GetRequiredService<ProjectorStatus>(),
            s.GetRequiredService<KafkaProjectorMetrics>(), s.GetRequiredService<TopicAdmin>(), s.GetRequiredService<ILogger<KafkaProjector>>()));
        return services.AddHostedService(s => s.GetRequiredService<KafkaProjector>());
    }

    /// <summary>The replay of dead letters alone, for its verb. Needs an <see cref="IIndexSet"/>.</summary>
    public static IServiceCollection AddKafkaDeadLetterReplay(this IServiceCollection services, KafkaOptions options)
    {
        services.AddClients(options).TryAddSingleton<DeadLetterTopic>();
        services.TryAddSingleton(s => new KafkaDeadLetterReplay(
            s.GetRequiredService<KafkaClients>(), options, s.GetRequiredService<TopicAdmin>(), s.GetRequiredService<DeadLetterTopic>(), s.GetRequiredService<IIndexSet>(),
            s.GetRequiredService<ILogger<KafkaDeadLetterReplay>>()));
        return services;
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
