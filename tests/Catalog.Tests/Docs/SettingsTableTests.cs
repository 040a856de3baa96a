using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Catalog.Commands;
using Catalog.Commands.Relaying;
using Catalog.Elasticsearch;
using Catalog.Kafka;
using Catalog.Queries;
using Catalog.Sqlite;
using Catalog.SqlServer;

namespace Catalog.Tests.Docs;

/// <summary>docs/settings.md names every setting with its default, and none that is not there.</summary>
public sealed partial class SettingsTableTests
{
    private static readonly (string Section, object Defaults)[] Sections =
    [
        ("CommandDatabase", new SqlServerOptions()), ("CommandDatabase", new CommandDatabaseOptions()), ("Kafka", new KafkaOptions()), ("Elasticsearch", new ElasticsearchOptions()),
        ("Relay", new RelayOptions()), ("Commands", new CommandsOptions()), ("Queries", new QueriesOptions()),
    ];

    // Read by name, without a class of options.
    private static readonly string[] ByName = ["CommandDatabase:Provider"];

    [Fact]
    public void The_table_holds_every_setting_with_its_default_and_no_other()
    {
        var table = Row().Matches(RepositoryFiles.Page("settings.md")).Select(row => $"{row.Groups["name"].Value} = {row.Groups["default"].Value}").Order(StringComparer.Ordinal);
        var settings = Sections.SelectMany(s => s.Defaults.GetType().GetProperties().Where(p => p.SetMethod?.IsPublic is true).Select(p => (Name: $"{s.Section}:{p.Name}", Default: Default(p, s.Defaults))))
            .Select(s => $"{s.Name} = {s.Default}").Distinct(StringComparer.Ordinal);
        Assert.Equal(settings.Order(StringComparer.Ordinal), table.Where(row => !Array.Exists(ByName, name => row.StartsWith($"{name} ", StringComparison.Ordinal))));
    }

    [Fact]
    public void Every_class_of_options_has_its_section()
    {
        var classes = Sections.Select(s => s.Defaults.GetType()).ToHashSet();
        var all = classes.Select(c => c.Assembly).Distinct().SelectMany(a => a.GetExportedTypes()).Where(t => t.Name.EndsWith("Options", StringComparison.Ordinal));
        Assert.Equal([], all.Where(t => !classes.Contains(t)));
    }

    private static string Default(PropertyInfo property, object defaults) => property.GetValue(defaults) switch
    {
        _ when property.Name == nameof(QueriesOptions.MaxConcurrentSearches) => "twice the processors, but at most one for each 64 MiB of the heap; at least 4",
        _ when property.Name == nameof(QueriesOptions.MaxConcurrentLookups) => "one for each 4 MiB of the heap, from 32 to 256",
        null or "" or ICollection { Count: 0 } => "none",
        bool flag => flag ? "`true`" : "`false`",
        var value => $"`{Convert.ToString(value, CultureInfo.InvariantCulture)}`",
    };

    [GeneratedRegex(@"^\| `(?<name>\w+:\w+)` \| (?<default>[^|]+) \|", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Row();
}
