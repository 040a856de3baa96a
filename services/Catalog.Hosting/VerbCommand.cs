using System.CommandLine;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Catalog.Hosting;

/// <summary>A verb of a host: a piece of work with the host's settings and stores, in a process of its own, without ports.</summary>
public static class VerbCommand
{
    /// <summary>Creates one.</summary>
    /// <param name="verb">Its name.</param>
    /// <param name="description">What it does.</param>
    /// <param name="add">Adds the services that it needs.</param>
    /// <param name="run">Does it; returns the exit code.</param>
    /// <param name="explain">What to tell people of an exception, and what to do; null where that is not known.</param>
    /// <param name="takes">The options and arguments that it takes on the command line.</param>
    public static Command Create(
        string verb, string description, Action<IConfiguration, IServiceCollection> add, Func<IServiceProvider, CancellationToken, Task<int>> run, Func<Exception, IConfiguration, string?> explain,
        params IEnumerable<Symbol> takes)
    {
        var command = new Command(verb, description);
        foreach (var symbol in takes)
        {
            if (symbol is Argument argument) command.Arguments.Add(argument);
            else command.Options.Add((Option)symbol);
        }
        command.SetAction(async (arguments, cancellation) =>
        {
            IConfiguration? configuration = null;
            string? explained = null;
            try
            {
                var builder = CatalogHost.NewBuilder();
                configuration = builder.Configuration;
                // The answer alone goes to the output.
                builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
                builder.Services.AddSingleton(TimeProvider.System).AddSingleton(arguments);
                add(builder.Configuration, builder.Services);
                await using var services = builder.Services.BuildServiceProvider();
                return await run(services, cancellation);
            }
            catch (SettingsException e)
            {
                return HostCommand.Fail(e.Message);
            }
            catch (Exception e) when (configuration is not null && (explained = explain(e, configuration)) is not null)
            {
                return HostCommand.Fail(explained);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return HostCommand.Fail("Stopped before the end.");
            }
        });
        return command;
    }
}
