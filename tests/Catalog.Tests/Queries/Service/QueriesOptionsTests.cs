using Catalog.Queries;

namespace Catalog.Tests.Queries.Service;

public class QueriesOptionsTests
{
    [Fact]
    public void The_defaults_are_sound() => Assert.Empty(new QueriesOptions().Problems());

    [Theory]
    [InlineData(1, 16_384, 4)]
    [InlineData(8, 16_384, 16)]
    [InlineData(64, 384, 6)]
    [InlineData(64, 64, 4)]
    public void So_many_searches_run_at_once_as_processors_and_memory_allow(int processors, long mebibytes, int searches) =>
        Assert.Equal(searches, QueriesOptions.Searches(processors, mebibytes * 1024 * 1024));

    [Theory]
    [InlineData(16_384, 256)]
    [InlineData(384, 96)]
    [InlineData(64, 32)]
    public void So_many_products_are_looked_up_at_once_as_fit_into_memory(long mebibytes, int lookups) => Assert.Equal(lookups, QueriesOptions.Lookups(mebibytes * 1024 * 1024));

    [Fact]
    public void Every_limit_out_of_its_range_is_told() => Assert.Equal(
        ["Queries:MaxTokenWait", "Queries:MaxTokenWaiters", "Queries:MaxConcurrentSearches", "Queries:MaxQueuedSearches", "Queries:MaxConcurrentLookups",
            "Queries:MaxQueuedLookups", "Queries:MaxWatchers", "Queries:WatchHeartbeat", "Queries:MaxWatchWrite"],
        new QueriesOptions
        {
            MaxTokenWait = TimeSpan.FromHours(1), MaxTokenWaiters = 0, MaxConcurrentSearches = 0, MaxQueuedSearches = -1, MaxConcurrentLookups = 0, MaxQueuedLookups = -1, MaxWatchers = 0,
            WatchHeartbeat = TimeSpan.FromSeconds(16), MaxWatchWrite = TimeSpan.Zero,
        }.Problems().Select(problem => problem[..problem.IndexOf(' ', StringComparison.Ordinal)]));
}
