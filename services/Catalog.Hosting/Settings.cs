using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Catalog.Hosting;

/// <summary>Reads the sections of the configuration, and says everything that is wrong with one at once.</summary>
public static partial class Settings
{
    private static readonly string[] All = ["CommandDatabase", "Commands", "Elasticsearch", "Kafka", "Queries", "Relay"];

    /// <summary>A section as options; what it leaves out keeps its default.</summary>
    /// <param name="configuration">The configuration: environment variables such as <c>Queries__MaxWatchers</c>, or <c>appsettings.json</c>.</param>
    /// <param name="section">The section's name.</param>
    /// <param name="problems">What is wrong with the values, a sentence each.</param>
    /// <param name="known">The names that may stand in the section; those of the options if it is left out. Any other is a mistake in writing.</param>
    /// <exception cref="SettingsException">Something is wrong.</exception>
    public static T Read<T>(IConfiguration configuration, string section, Func<T, IEnumerable<string>> problems, IReadOnlyCollection<string>? known = null) where T : new()
    {
        var options = new T();
        var given = configuration.GetSection(section);
        known ??= [.. NamesOf<T>()];
        var unknown = given.GetChildren().Where(s => !known.Contains(s.Key, StringComparer.OrdinalIgnoreCase))
            .Select(s => $"{s.Path} is no setting of this process; those of {section} are {string.Join(", ", known.Order(StringComparer.Ordinal))}.");
        var found = unknown.ToList();
        foreach (var name in NamesOf<T>())
        {
            try
            {
                // One at a time, so that all that cannot be read is said.
                new ConfigurationBuilder().AddInMemoryCollection(given.GetSection(name).AsEnumerable().Where(s => s.Value is not null)).Build().GetSection(section).Bind(options);
            }
            catch (InvalidOperationException e)
            {
                found.Add(Explain(e.Message, typeof(T)));
            }
        }
        found.AddRange(problems(options));
        return found.Count > 0 ? throw new SettingsException(string.Join(' ', found)) : options;
    }

    /// <summary>Says in the log which sections are passed over, though they may be meant for this process. They are no reason not to start: the platform has variables of its own.</summary>
    /// <param name="app">The process.</param>
    /// <param name="own">The sections that it reads.</param>
    public static void TellWhatIsPassedOver(WebApplication app, params string[] own)
    {
        foreach (var name in app.Configuration.GetChildren().Where(s => s.GetChildren().Any()).Select(s => s.Key).Where(name => !own.Contains(name, StringComparer.OrdinalIgnoreCase)))
        {
            if (Array.Find(All, section => section.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } other) OfAnother(app.Logger, other);
            else if (Array.Find(All, section => IsSlip(name.ToUpperInvariant(), section.ToUpperInvariant())) is { } meant) Misspelt(app.Logger, name, meant);
        }
    }

    /// <summary>The levels of the log, at once for all and for one kind of log alone.</summary>
    /// <exception cref="SettingsException">One is none.</exception>
    internal static void CheckLogLevels(IConfigurationSection logging)
    {
        var wrong = logging.GetChildren().SelectMany(s => s.GetChildren().Append(s)).Where(s => s.Key.Equals("LogLevel", StringComparison.OrdinalIgnoreCase)).SelectMany(s => s.GetChildren())
            .Where(s => s.Value is not null && !Enum.TryParse<LogLevel>(s.Value, ignoreCase: true, out _))
            .Select(s => $"{s.Path} must be one of {string.Join(", ", Enum.GetNames<LogLevel>())}, not \"{s.Value}\".").ToList();
        if (wrong.Count > 0) throw new SettingsException(string.Join(' ', wrong));
    }

    /// <summary>What can be set of some options.</summary>
    public static IEnumerable<string> NamesOf<T>() => typeof(T).GetProperties().Where(p => p.SetMethod?.IsPublic is true).Select(p => p.Name);

    /// <summary>Whether two words differ by one letter that is left out, put in or taken for another, or by two that changed places.</summary>
    private static bool IsSlip(string one, string other)
    {
        var begin = one.AsSpan().CommonPrefixLength(other);
        var end = 0;
        while (end < Math.Min(one.Length, other.Length) - begin && one[^(end + 1)] == other[^(end + 1)]) end++;
        var (of, to) = (one[begin..^end], other[begin..^end]);
        return (of.Length <= 1 && to.Length <= 1) || (of is [var a, var b] && to is [var c, var d] && (a, b) == (d, c));
    }

    [LoggerMessage(1, LogLevel.Warning, "The settings in the section {Name} are passed over: there is none of that name. Is {Meant} meant?")]
    private static partial void Misspelt(ILogger logger, string name, string meant);

    [LoggerMessage(2, LogLevel.Information, "The settings in the section {Name} are passed over: another process of the catalog reads them")]
    private static partial void OfAnother(ILogger logger, string name);

    // The binder says it in the words of its types.
    private static string Explain(string message, Type options)
    {
        if (Unfit().Match(message) is not { Success: true } match) return message;
        var (value, key) = (match.Groups["value"].Value, match.Groups["key"].Value);
        var type = options.GetProperty(key[(key.LastIndexOf(':') + 1)..], BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase)?.PropertyType;
        var wanted = type == typeof(TimeSpan) ? "a time such as 00:00:05" : type == typeof(bool) ? "true or false" : type == typeof(int) || type == typeof(long) ? "a whole number" : $"a {type?.Name}";
        return $"{key} must be {wanted}, not \"{value}\".";
    }

    [GeneratedRegex("^Failed to convert configuration value '(?<value>.*)' at '(?<key>[^']+)' to type", RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex Unfit();
}

/// <summary>A setting is wrong; the message says which, and what it may be.</summary>
public sealed class SettingsException(string message, Exception? inner = null) : Exception(message, inner);
