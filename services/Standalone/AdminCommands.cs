using System.CommandLine;
using System.Net.Sockets;

namespace Catalog.Standalone;

/// <summary>
/// Verbs for the process that has a data folder. They reach it by a socket in that folder, so whoever may write there may use them, and nobody else.
/// </summary>
internal static class AdminCommands
{
    public static Command Rebuild() => Create("rebuild", "Builds the search index anew from the products and the event log, while the present one serves, and swaps it in.");

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
        catch (HttpRequestException)
        {
            Console.Error.WriteLine($"catalog: No catalog runs on the folder {folder}. Start it there first (catalog --data {folder}), or name the folder with --data.");
            return 2;
        }
    }
}
