using Microsoft.Extensions.Configuration;

namespace Catalog.Hosting;

/// <summary>Reads the sections of the configuration, and says everything that is wrong with one at once.</summary>
public static class Settings
{
    /// <summary>A section as options; what it leaves out keeps its default.</summary>
    /// <param name="configuration">The configuration: environment variables such as <c>Queries__MaxWatchers</c>, or <c>appsettings.json</c>.</param>
    /// <param name="section">The section's name.</param>
    /// <param name="problems">What is wrong with the values, a sentence each.</param>
    /// <exception cref="SettingsException">Something is wrong.</exception>
    public static T Read<T>(IConfiguration configuration, string section, Func<T, IEnumerable<string>> problems) where T : new()
    {
        var options = new T();
        try
        {
            configuration.GetSection(section).Bind(options);
        }
        catch (InvalidOperationException e)
        {
            throw new SettingsException(e.Message, e);
        }
        return problems(options).ToList() is { Count: > 0 } found ? throw new SettingsException(string.Join(' ', found)) : options;
    }
}

/// <summary>A setting is wrong; the message says which, and what it may be.</summary>
public sealed class SettingsException(string message, Exception? inner = null) : Exception(message, inner);
