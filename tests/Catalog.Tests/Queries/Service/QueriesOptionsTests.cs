using Catalog.Queries;

namespace Catalog.Tests.Queries.Service;

public class QueriesOptionsTests
{
    [Fact]
    public void The_defaults_are_sound() => Assert.Empty(new QueriesOptions().Problems());

    [Fact]
    public void Every_limit_out_of_its_range_is_told() => Assert.Equal(
        ["Queries:MaxTokenWait", "Queries:MaxTokenWaiters", "Queries:MaxConcurrentSearches", "Queries:MaxQueuedSearches", "Queries:MaxWatchers", "Queries:WatchHeartbeat",
            "Queries:MaxWatchWrite"],
        new QueriesOptions
        {
            MaxTokenWait = TimeSpan.FromHours(1), MaxTokenWaiters = 0, MaxConcurrentSearches = 0, MaxQueuedSearches = -1, MaxWatchers = 0,
            WatchHeartbeat = TimeSpan.FromSeconds(16), MaxWatchWrite = TimeSpan.Zero,
        }.Problems().Select(problem => problem[..problem.IndexOf(' ', StringComparison.Ordinal)]));
}
