using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Catalog.Elasticsearch.Indices;

/// <summary>The names of the indices of one catalog, and of the aliases that say what each of them is for.</summary>
internal sealed partial class IndexNames(string alias)
{
    private const string TimeFormat = "yyyyMMddHHmmss";

    private readonly Regex _index = new(
        $@"^{Regex.Escape(alias)}-\d{{14}}(-\d+)?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));

    /// <summary>The alias that reads go to.</summary>
    public string Read => alias;

    /// <summary>What all names begin with.</summary>
    public string Prefix => alias + "-";

    /// <summary>The index of what the parts of the system tell one another.</summary>
    public string Status => Prefix + "status";

    /// <summary>The alias that writes of one event log go to, in documents of one schema: those of another log, or of a build of before, find no index.</summary>
    public string Log(string logId)
    {
        var id = ValidLogId().IsMatch(logId) ? logId : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(logId)).AsSpan(0, 16));
        return $"{LogPrefix}{id}-v{IndexSchema.Version}";
    }

    /// <summary>Whether this is the alias of an event log.</summary>
    public bool IsLog(string name) => name.StartsWith(LogPrefix, StringComparison.Ordinal);

    /// <summary>A name for a new index.</summary>
    /// <param name="time">When it is made.</param>
    /// <param name="attempt">0, and more where the names before are taken.</param>
    public string New(DateTimeOffset time, int attempt) =>
        Prefix + time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture) + (attempt == 0 ? "" : $"-{attempt + 1}");

    /// <summary>Whether this is the name of an index of products.</summary>
    public bool IsIndex(string name) => _index.IsMatch(name);

    /// <summary>
    /// The alias of an index that is under construction. Who takes it away stops the construction: without it, nothing can be written and nothing swapped.
    /// </summary>
    public static string Building(string index) => index + "-building";

    /// <summary>The alias of an index that was replaced, which says when.</summary>
    public static string Retired(string index, DateTimeOffset time) => $"{index}-retired-{time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture)}";

    /// <summary>When an index was replaced, by one of its aliases; null if this is none that says so.</summary>
    public static DateTimeOffset? RetiredAt(string index, string alias)
    {
        var prefix = index + "-retired-";
        return alias.StartsWith(prefix, StringComparison.Ordinal)
            && DateTimeOffset.TryParseExact(alias[prefix.Length..], TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
    }

    private string LogPrefix => Prefix + "log-";

    [GeneratedRegex("^[a-z0-9][a-z0-9_-]{0,63}$", RegexOptions.CultureInvariant)]
    private static partial Regex ValidLogId();
}
