using System.CommandLine;
using System.Diagnostics;
using Catalog.V1;
using Grpc.Net.Client;

namespace Catalog.Standalone.Import;

/// <summary><c>catalog import FILE</c>: brings a file of products to a server.</summary>
internal static class ImportCommand
{
    private const int Done = 0;
    private const int RowsRejected = 1;
    private const int Failure = 2;
    private const int Stopped = 130;

    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "An NDJSON or CSV file, also with .gz; - is standard input." };
        var server = new Option<Uri>("--server")
        {
            Description = "The server's gRPC address.", HelpName = "URL",
            DefaultValueFactory = _ => new Uri("http://127.0.0.1:5080"),
            CustomParser = result => Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
                ? uri : Fail<Uri>(result, "--server takes an address such as http://127.0.0.1:5080."),
        };
        var format = new Option<string?>("--format") { Description = "ndjson or csv. Left out: by the file's ending." };
        format.AcceptOnlyFromAmong("ndjson", "csv");
        var rejects = new Option<string?>("--rejects") { Description = "Where to write the rows that were refused, and why. Left out: FILE.rejects.ndjson.", HelpName = "FILE" };
        var quiet = new Option<bool>("--quiet") { Description = "Show neither progress nor summary." };

        var command = new Command("import", "Create or update the products of a file. Running it again goes on where it was stopped.")
        {
            file, server, format, rejects, quiet,
        };
        command.SetAction(async (arguments, stop) =>
        {
            var path = arguments.GetRequiredValue(file);
            try
            {
                return await RunAsync(
                    path, arguments.GetRequiredValue(server), arguments.GetValue(format),
                    arguments.GetValue(rejects) ?? (path == "-" ? "stdin" : path) + ".rejects.ndjson", arguments.GetValue(quiet), stop);
            }
            catch (InvalidDataException e)
            {
                await Console.Error.WriteLineAsync($"catalog import {path}: The archive is damaged or ends early ({e.Message.TrimEnd('.')}). The rows before that place were taken; get the whole file and run it again.");
                return Failure;
            }
            catch (Exception e) when (e is ImportException or IOException or UnauthorizedAccessException)
            {
                await Console.Error.WriteLineAsync($"catalog import {path}: {e.Message}");
                return Failure;
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(string path, Uri server, string? format, string rejectsPath, bool quiet, CancellationToken stop)
    {
        using var file = ImportFile.Open(path, format);
        if (path != "-" && Path.GetFullPath(path) == Path.GetFullPath(rejectsPath)) throw new ImportException("--rejects names the file that is read.");
        if (Directory.Exists(rejectsPath)) throw new ImportException($"{rejectsPath}, where the rows that are refused would be written, is a folder. Name a file with --rejects.");
        using var rejects = new RejectsFile(rejectsPath);
        rejects.Clear();
        using var channel = GrpcChannel.ForAddress(server, new GrpcChannelOptions
        {
            // Pings notice a peer that is gone without a word.
            HttpHandler = new SocketsHttpHandler { KeepAlivePingDelay = TimeSpan.FromSeconds(10), KeepAlivePingTimeout = TimeSpan.FromSeconds(10) },
            DisposeHttpClient = true,
        });
        var totals = new ImportTotals();
        var started = Stopwatch.GetTimestamp();
        var importer = new Importer(new ProductCommandService.ProductCommandServiceClient(channel), rejects, totals, TimeProvider.System);
        try
        {
            await using (ProgressLine.Show(file, totals, quiet)) await importer.RunAsync(file.Rows(), stop);
        }
        finally
        {
            if (!quiet && totals.Rows > 0) Summarize(path, totals, Stopwatch.GetElapsedTime(started), rejects, stop.IsCancellationRequested);
        }
        return stop.IsCancellationRequested ? Stopped : totals.Failed > 0 ? RowsRejected : Done;
    }

    private static void Summarize(string path, ImportTotals totals, TimeSpan took, RejectsFile rejects, bool stopped)
    {
        Console.WriteLine($"{path}: {totals.Rows:N0} rows in {took.TotalSeconds:N1} s ({totals.Rows / took.TotalSeconds:N0} rows/s)");
        Console.WriteLine($"  created    {totals.Created,11:N0}");
        Console.WriteLine($"  updated    {totals.Updated,11:N0}");
        Console.WriteLine($"  unchanged  {totals.Unchanged,11:N0}");
        Console.WriteLine($"  failed     {totals.Failed,11:N0}" + (totals.Failed > 0 ? $"  see {rejects.Path}" : ""));
        if (stopped) Console.WriteLine("Stopped. Run the same command again to go on.");
    }

    private static T? Fail<T>(System.CommandLine.Parsing.ArgumentResult result, string message)
    {
        result.AddError(message);
        return default;
    }
}
