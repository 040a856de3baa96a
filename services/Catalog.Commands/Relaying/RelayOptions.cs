namespace Catalog.Commands.Relaying;

/// <summary>The relay: section <c>Relay</c> of the configuration.</summary>
public sealed class RelayOptions
{
    /// <summary>How old the oldest event may become that the queue has not acknowledged, before the index is fed from the event log directly (G7).</summary>
    public TimeSpan FallbackAfter { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>For how long the lease is taken: when its holder dies or hangs, another relay takes over after this.</summary>
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the holder renews the lease, and how often the others look whether it is free.</summary>
    public TimeSpan LeaseRenewal { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>What is wrong with these values, one sentence each; empty if nothing is.</summary>
    public IEnumerable<string> Problems()
    {
        if (FallbackAfter < TimeSpan.FromSeconds(1)) yield return "Relay:FallbackAfter must be at least 1 second.";
        if (LeaseDuration < TimeSpan.FromSeconds(1) || LeaseDuration > TimeSpan.FromMinutes(5)) yield return "Relay:LeaseDuration must be between 1 second and 5 minutes.";
        if (LeaseRenewal < TimeSpan.FromMilliseconds(100) || LeaseRenewal > LeaseDuration / 2) yield return "Relay:LeaseRenewal must be at least 0.1 seconds, and at most half of Relay:LeaseDuration.";
    }
}
