using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Catalog.Queries;

/// <summary>What the read side measures beyond what every gRPC service does.</summary>
internal static class QueriesTelemetry
{
    /// <summary>The name of the meter and of the activity source.</summary>
    public const string Name = "Catalog.Queries";

    public static readonly ActivitySource Activities = new(Name);

    private static readonly Meter Meter = new(Name);

    public static readonly UpDownCounter<int> Watchers = Meter.CreateUpDownCounter<int>("catalog.queries.watchers", "{watcher}", "Watches that are open.");

    private static readonly InstrumentAdvice<double> Seconds = new() { HistogramBucketBoundaries = [.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5] };

    private static readonly Histogram<double> TokenWait = Meter.CreateHistogram<double>(
        "catalog.queries.token_wait", "s", "How long reads waited for the writes of their consistency tokens; those that need not wait are left out.", advice: Seconds);

    private static readonly Histogram<double> SearchDuration = Meter.CreateHistogram<double>(
        "catalog.queries.search.duration", "s", "How long the index took for a search, without its time in the queue.", advice: Seconds);

    public static void Waited(TimeSpan time, bool caughtUp) =>
        TokenWait.Record(time.TotalSeconds, new KeyValuePair<string, object?>("caught_up", caughtUp));

    public static void Searched(TimeSpan time, SearchPlan plan) => SearchDuration.Record(
        time.TotalSeconds, new KeyValuePair<string, object?>("text", plan.Text.Count > 0), new KeyValuePair<string, object?>("filter", plan.Filter is not null));
}
