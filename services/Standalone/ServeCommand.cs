using System.CommandLine;
using Catalog.Commands;
using Catalog.Hosting;

namespace Catalog.Standalone;

/// <summary><c>catalog</c>: runs the system. What keeps it from starting is said in one line that tells what to do.</summary>
internal static class ServeCommand
{
    public const string DefaultUrls = "http://127.0.0.1:5080;http://127.0.0.1:5081";

    public static Option<DirectoryInfo> Data { get; } = new("--data")
    {
        Description = "The folder that holds the catalog. It is made if it is missing.", DefaultValueFactory = _ => new DirectoryInfo("data"), HelpName = "DIR",
    };

    private static readonly Option<string> Urls = new("--urls")
    {
        Description = "Where gRPC (h2c) listens, and where REST, health and metrics listen. Port 0 takes a free one.", DefaultValueFactory = _ => DefaultUrls, HelpName = "GRPC;REST",
    };

    public static void Configure(RootCommand root)
    {
        Urls.Validators.Add(result =>
        {
            if (!TryParse(result.GetValueOrDefault<string>(), out _, out _)) result.AddError($"--urls takes two http URLs with a semicolon between them, such as \"{DefaultUrls}\".");
        });
        root.Options.Add(Data);
        root.Options.Add(Urls);
        root.SetAction((arguments, cancellation) => RunAsync(arguments.GetValue(Data)!, arguments.GetValue(Urls)!, cancellation));
    }

    private static async Task<int> RunAsync(DirectoryInfo data, string urls, CancellationToken cancellation)
    {
        _ = TryParse(urls, out var grpc, out var rest);
        try
        {
            using var folder = DataFolder.Open(data.FullName);
            await using var app = StandaloneHost.Build(folder, grpc!, rest!);
            await StartAsync(app, cancellation);
            Banner.Print(app, folder);
            // Ctrl-C and SIGTERM: the host's own handling drains; the command line's token would cut it short.
            await app.WaitForShutdownAsync(CancellationToken.None);
            return 0;
        }
        catch (Exception e) when (e is DataFolderException or CommandStoreException or SettingsException)
        {
            return Fail(e.Message);
        }
        catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            return Fail($"{e.Message.TrimEnd('.')}. Stop the process that listens there, or choose other ports: catalog --urls \"http://127.0.0.1:6080;http://127.0.0.1:6081\"");
        }
        catch (System.Net.Sockets.SocketException e)
        {
            return Fail($"Cannot listen on {urls}: {e.Message}. Choose other addresses with --urls.");
        }
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

    private static int Fail(string message)
    {
        Console.Error.WriteLine($"catalog: {message}");
        return 1;
    }

    private static bool TryParse(string? urls, out Uri? grpc, out Uri? rest)
    {
        (grpc, rest) = (null, null);
        return urls?.Split(';') is [var first, var second]
            && Uri.TryCreate(first, UriKind.Absolute, out grpc) && Uri.TryCreate(second, UriKind.Absolute, out rest)
            && grpc.Scheme == Uri.UriSchemeHttp && rest.Scheme == Uri.UriSchemeHttp && (grpc.Port != rest.Port || grpc.Port == 0);
    }
}
