using System.CommandLine;
using Catalog.Commands;
using Catalog.Hosting;

namespace Catalog.Standalone;

/// <summary><c>catalog</c>: runs the system.</summary>
internal static class ServeCommand
{
    public static Option<DirectoryInfo> Data { get; } = new("--data")
    {
        Description = "The folder that holds the catalog.", DefaultValueFactory = _ => new DirectoryInfo("data"), HelpName = "DIR",
    };

    private static readonly Option<string> Urls = HostCommand.Urls("http://127.0.0.1:5080;http://127.0.0.1:5081");

    public static void Configure(RootCommand root)
    {
        root.Options.Add(Data);
        root.Options.Add(Urls);
        root.SetAction((arguments, cancellation) => RunAsync(arguments.GetValue(Data)!, arguments.GetValue(Urls)!, cancellation));
    }

    private static async Task<int> RunAsync(DirectoryInfo data, string urls, CancellationToken cancellation)
    {
        try
        {
            using var folder = DataFolder.Open(data.FullName);
            return await HostCommand.RunAsync(urls, (grpc, rest) => StandaloneHost.Build(folder, grpc, rest), app => Banner.Print(app, folder), cancellation);
        }
        catch (Exception e) when (e is DataFolderException or CommandStoreException)
        {
            return HostCommand.Fail(e.Message);
        }
    }
}
