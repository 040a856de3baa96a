using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;

namespace Catalog.Hosting;

/// <summary>Reads the sections of the configuration, and says everything that is wrong with one at once.</summary>
public static partial class Settings
{
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
        try
        {
            given.Bind(options);
        }
        catch (InvalidOperationException e)
        {
            throw new SettingsException(Explain(e.Message, typeof(T)), e);
        }
        return unknown.Concat(problems(options)).ToList() is { Count: > 0 } found ? throw new SettingsException(string.Join(' ', found)) : options;
    }

    /// <summary>What can be set of some options.</summary>
    public static IEnumerable<string> NamesOf<T>() => typeof(T).GetProperties().Where(p => p.SetMethod?.IsPublic is true).Select(p => p.Name);

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
