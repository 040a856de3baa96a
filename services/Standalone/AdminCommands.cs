using System.CommandLine;
using System.Net.Sockets;
using Catalog.Commands;
using Catalog.Hosting;
using Catalog.Sqlite;

namespace Catalog.Standalone;

/// <summary>
/// Verbs for the process that has a data folder. They reach it by a socket in that folder, so whoever may write there may use them, and nobody else. The backup needs no process.
/// </summary>
internal static class AdminCommands
{
    public static Command Rebuild() => Create("rebuild", "Builds the search index anew from the products and the event log, while the present one serves, and swaps it in.");

    public static Command Backup()
    {
        var file = new Argument<string>("file") { Description = "The file to write, which is not there yet, or - for the standard output.", HelpName = "FILE" };
        var command = new Command("backup", "Copies the catalog as it is at one instant, whether a process serves it or not.") { file, ServeCommand.Data };
        command.SetAction((arguments, _) => ExplainAsync(async () =>
        {
            var target = arguments.GetValue(file)!;
            var products = await SqliteBackup.SaveAsync(DataFolder.CommandDatabaseOf(arguments.GetValue(ServeCommand.Data)!.FullName), target);
            await (target == SqliteBackup.Standard ? Console.Error : Console.Out).WriteLineAsync($"{products} products were backed up.");
            return 0;
        }));
        return command;
    }

    public static Command Restore()
    {
        var file = new Argument<string>("file") { Description = "The backup, or - for the standard input.", HelpName = "FILE" };
        var command = new Command("restore", "Puts a backup in the place of the catalog that runs, while it serves. Tokens and watch positions from before are void afterwards.") { file, ServeCommand.Data };
        command.SetAction((arguments, cancellation) => ExplainAsync(async () =>
        {
            var folder = arguments.GetValue(ServeCommand.Data)!.FullName;
            var database = DataFolder.CommandDatabaseOf(folder);
            if (!File.Exists(database)) return NotRunning(folder);
            try
            {
                await SqliteBackup.PrepareAsync(arguments.GetValue(file)!, database);
                return await SendAsync(folder, "restore", cancellation);
            }
            finally
            {
                SqliteBackup.Remove(SqliteBackup.PreparedFor(database));
            }
        }));
        return command;
    }

    public static Command Restored() => Create("restored",
        "After the data folder or catalog.db was put back from a backup: makes the index, consistency tokens and watch positions of the lost future void.");

    public static Command ReplayDeadLetters() => Create("replay-dead-letters", "Tries again to put into the index what was set aside.");

    private static Command Create(string verb, string description)
    {
        var command = new Command(verb, description) { ServeCommand.Data };
        command.SetAction((arguments, cancellation) => SendAsync(arguments.GetValue(ServeCommand.Data)!.FullName, verb, cancellation));
        return command;
    }

    private static async Task<int> SendAsync(string folder, string verb, CancellationToken cancellation)
    {
        var path = DataFolder.AdminSocketOf(folder);
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), token);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { Timeout = Timeout.InfiniteTimeSpan };
        try
        {
            using var response = await http.PostAsync(new Uri($"http://catalog/admin/{verb}"), null, cancellation);
            var answer = (await response.Content.ReadAsStringAsync(cancellation)).TrimEnd();
            (response.IsSuccessStatusCode ? Console.Out : Console.Error).WriteLine(answer);
            return response.IsSuccessStatusCode ? 0 : 1;
        }
        catch (HttpRequestException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.AccessDenied })
        {
            return HostCommand.Fail($"This user may not use {path}. Run it as the user whose catalog it is.");
        }
        catch (HttpRequestException e) when (e.InnerException is SocketException)
        {
            return NotRunning(folder);
        }
        catch (HttpRequestException)
        {
            return HostCommand.Fail($"The catalog on the folder {folder} ended before it answered. Start it again; what the verb was to do may be done or not, and can be repeated.");
        }
    }

    private static int NotRunning(string folder)
    {
        Console.Error.WriteLine($"catalog: No catalog runs on the folder {folder}. Start it there first (catalog --data {folder}), or name the folder with --data.");
        return 2;
    }

    private static async Task<int> ExplainAsync(Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (CommandStoreException e)
        {
            return HostCommand.Fail(e.Message);
        }
    }
}
