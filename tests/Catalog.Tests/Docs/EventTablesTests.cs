using System.Reflection;
using System.Text.RegularExpressions;
using Catalog.Kafka.Projecting;
using Catalog.Kafka.Publishing;
using Catalog.V1;

namespace Catalog.Tests.Docs;

/// <summary>docs/events.md names every header of events and of dead letters, and every kind of event.</summary>
public sealed partial class EventTablesTests
{
    [Fact]
    public void The_tables_hold_every_header_and_no_other()
    {
        var headers = new[] { typeof(EventHeaders), typeof(DeadLetterTopic) }.SelectMany(type => type.GetFields(BindingFlags.Public | BindingFlags.Static))
            .Where(field => field.IsLiteral && field.Name != nameof(EventHeaders.Protobuf)).Select(field => field.GetRawConstantValue()).OfType<string>();
        Assert.Equal(headers.Order(StringComparer.Ordinal), Row().Matches(Page()).Select(row => row.Groups["name"].Value).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_kind_of_event_is_named()
    {
        var kinds = ProductEvent.Descriptor.Oneofs.Single(oneof => oneof.Name == "change").Fields.Select(field => field.Name);
        Assert.All(kinds, kind => Assert.Contains($".{kind}`", Page(), StringComparison.Ordinal));
    }

    private static string Page() => RepositoryFiles.Page("events.md");

    [GeneratedRegex("^\\| `(?<name>[a-z_-]+)` \\|", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Row();
}
