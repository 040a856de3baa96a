using Catalog.Kafka;
using Catalog.Kafka.Projecting;

namespace Catalog.Tests.Kafka;

public sealed class WaitingSinceTests
{
    private static readonly DateTimeOffset Begin = DateTimeOffset.UnixEpoch;

    private readonly WaitingSince _waiting = new();

    [Fact]
    public void The_oldest_message_that_was_not_passed_has_waited_since_it_was_first_seen()
    {
        Assert.Null(See(0, (0, 0)));
        Assert.Equal(1, See(1, (0, 5)));
        Assert.Equal(1, See(2, (4, 9)));
        // The fifth is passed; the others came a second later.
        Assert.Equal(2, See(3, (5, 9)));
        Assert.Equal(2, See(4, (8, 9)));
        Assert.Null(See(5, (9, 9)));
        Assert.Equal(6, See(6, (9, 10)));
    }

    [Fact]
    public void A_partition_that_stands_is_not_hidden_by_others_that_flow()
    {
        See(0, (0, 1), (0, 1));
        for (var second = 1; second < 100; second++) Assert.Equal(0, See(second, (second, second + 1), (0, 1)));
        Assert.Null(See(100, (100, 100), (1, 1)));
    }

    [Fact]
    public void A_long_backlog_is_remembered_in_bounds()
    {
        for (var second = 0; second < 20_000; second++) Assert.Equal(0, See(second, (0, second + 1)));
        Assert.InRange(See(20_000, (10_000, 20_000))!.Value, 10_000, 10_100);
    }

    [Fact]
    public void A_topic_that_was_made_anew_begins_anew()
    {
        See(0, (0, 100));
        Assert.Equal(1, See(1, (0, 3)));
    }

    private double? See(int second, params (long Passed, long End)[] partitions) =>
        (_waiting.See(partitions.Select((p, i) => (p, i)).ToDictionary(p => p.i, p => new Passage(p.p.Passed, p.p.End)), Begin.AddSeconds(second)) - Begin)?.TotalSeconds;
}
