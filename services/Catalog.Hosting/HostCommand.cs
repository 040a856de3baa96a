using System.CommandLine;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Hosting;

namespace Catalog.Hosting;

/// <summary>The command line of a host. What keeps it from starting is said in one line that tells what to do.</summary>
public static class HostCommand
{
    /// <summary>The option <c>--urls</c>: where the host listens.</summary>
    /// <param name="usual">Where it listens otherwise.</param>
    public static Option<string> Urls(string usual)
    {
        var urls = new Option<string>("--urls")
        {
            Description = "Where gRPC (h2c) listens, and where REST, health and metrics listen. Port 0 takes a free one.", DefaultValueFactory = _ => usual, HelpName = "GRPC;REST",
        };
        urls.Validators.Add(result =>
        {
            if (!TryParse(result.GetValueOrDefault<string>(), out _, out _)) result.AddError($"--urls takes two http URLs with a semicolon between them and nothing behind their ports, such as \"{usual}\".");
        });
        return urls;
    }

    /// <summary>Does what the command line says.</summary>
    /// <returns>The exit code of the process.</returns>
    public static async Task<int> InvokeAsync(RootCommand root, string[] arguments)
    {
        var command = root.Parse(arguments);
        // Who is told to stop has two seconds otherwise, and a host drains for longer (G11).
        var code = await command.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = CatalogHost.DrainsFor + TimeSpan.FromSeconds(5) });
        // What was typed wrong is no answer of a verb.
        return command.Errors.Count > 0 ? 2 : code;
    }

    /// <summary>Builds a host and runs it until it is told to stop.</summary>
    /// <param name="urls">The value of <c>--urls</c>.</param>
    /// <param name="build">Where gRPC listens, where REST listens → the host.</param>
    /// <param name="started">Called once it listens.</param>
    /// <param name="cancellation">Ends the start.</param>
    /// <returns>The exit code of the process.</returns>
    public static async Task<int> RunAsync(string urls, Func<Uri, Uri, WebApplication> build, Action<WebApplication> started, CancellationToken cancellation)
    {
        // The command line takes charge of SIGTERM once it has the task; until then the signal would end the process, however far the start is.
        await Task.Yield();
        _ = TryParse(urls, out var grpc, out var rest);
        try
        {
            await using var app = build(grpc!, rest!);
            await StartAsync(app, cancellation);
            started(app);
            // Ctrl-C and SIGTERM: the host's own handling drains; the command line's token would cut it short.
            await app.WaitForShutdownAsync(CancellationToken.None);
            return 0;
        }
        catch (SettingsException e)
        {
            return Fail(e.Message);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            return Fail($"{e.Message.TrimEnd('.')}. Stop the process that listens there, or choose other ports, the one of gRPC first: --urls \"http://127.0.0.1:PORT;http://127.0.0.1:PORT\"");
        }
        catch (SocketException e)
        {
            return Fail($"Cannot listen on {urls}: {e.Message}. Choose other addresses with --urls.");
        }
    }

    /// <summary>Says what went wrong on the error stream; returns exit code 1.</summary>
    public static int Fail(string message)
    {
        Console.Error.WriteLine($"{AppDomain.CurrentDomain.FriendlyName}: {message}");
        return 1;
    }

    private static async Task StartAsync(WebApplication app, CancellationToken cancellation)
    {
        try
        {
            await app.StartAsync(cancellation);
        }
        catch
        {
            // What runs in the background has begun already, and must end before its stores are closed under it.
            await app.StopAsync(CancellationToken.None);
            throw;
        }
    }

    private static bool TryParse(string? urls, out Uri? grpc, out Uri? rest)
    {
        (grpc, rest) = (null, null);
        return urls?.Split(';') is [var first, var second]
            && Uri.TryCreate(first, UriKind.Absolute, out grpc) && Uri.TryCreate(second, UriKind.Absolute, out rest)
            && IsAddress(grpc) && IsAddress(rest) && (grpc.Port != rest.Port || grpc.Port == 0);
    }

    // A path would change nothing: the contract says where everything is.
    private static bool IsAddress(Uri url) => url.Scheme == Uri.UriSchemeHttp && url.PathAndQuery == "/" && url.Fragment.Length == 0 && url.UserInfo.Length == 0;
}
