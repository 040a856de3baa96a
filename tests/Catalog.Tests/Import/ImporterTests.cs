using System.Collections.Concurrent;
using System.Text.Json;
using Catalog.Standalone.Import;
using Catalog.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Outcome = Catalog.V1.ImportRowResult.Types.Outcome;

namespace Catalog.Tests.Import;

public class ImporterTests
{
    private readonly ImportTotals _totals = new();

    [Fact]
    public async Task Rows_travel_in_bounded_messages_and_are_booked_by_their_outcome()
    {
        var messages = new ConcurrentQueue<(int Rows, int Bytes)>();
        await using var server = await ImportServer.StartAsync(async (requests, responses, _) =>
        {
            await foreach (var request in requests.ReadAllAsync())
            {
                messages.Enqueue((request.Rows.Count, request.CalculateSize()));
                await responses.WriteAsync(new ImportProductsResponse
                {
                    Results = { request.Rows.Select(row => new ImportRowResult { Row = row.Row, Outcome = (Outcome)(1 + row.Row % 3) }) },
                });
            }
        });
        var rows = Rows(3000).Select(row =>
        {
            if (row.Line > 2000) row.Row!.Description = new string('x', 10_000);
            return row;
        });
        await RunAsync(server.Address, rows, "rejects");

        Assert.Equal((1000, 1000, 1000, 0), (_totals.Created, _totals.Updated, _totals.Unchanged, _totals.Failed));
        Assert.All(messages, message => Assert.True(message.Rows <= 500 && message.Bytes <= 1024 * 1024 + 10 * message.Rows, message.ToString()));
        Assert.Contains(messages, message => message.Rows == 500);
    }

    [Fact]
    public async Task When_the_connection_breaks_it_goes_on_from_the_first_row_without_a_result()
    {
        var attempts = new ConcurrentQueue<ConcurrentQueue<long>>();
        await using var server = await ImportServer.StartAsync(async (requests, responses, context) =>
        {
            var received = new ConcurrentQueue<long>();
            attempts.Enqueue(received);
            var answered = 0;
            await foreach (var request in requests.ReadAllAsync())
            {
                foreach (var row in request.Rows) received.Enqueue(row.Row);
                // The first connections break in the middle of a message's results, once the client has what was answered.
                var breaks = attempts.Count < 4;
                var answers = breaks ? request.Rows.Take(700 - answered).ToList() : request.Rows.ToList();
                answered += answers.Count;
                await responses.WriteAsync(ImportServer.Created(answers));
                if (!breaks || answered < 700) continue;
                await BookedAsync(700 * attempts.Count);
                context.GetHttpContext().Abort();
                return;
            }
        });
        await RunAsync(server.Address, Rows(5000), "rejects");

        Assert.Equal(5000, _totals.Created);
        Assert.Equal([1, 701, 1401, 2101], attempts.Select(received => received.First()));
        Assert.Equal(Enumerable.Range(2101, 2900).Select(row => (long)row), attempts.Last());
    }

    [Fact]
    public async Task It_gives_up_when_connections_break_again_and_again_without_any_progress()
    {
        var attempts = 0;
        await using var server = await ImportServer.StartAsync((_, _, _) =>
        {
            Interlocked.Increment(ref attempts);
            throw new RpcException(new Status(StatusCode.Unavailable, "Draining"));
        });
        var failure = await Assert.ThrowsAsync<ImportException>(() => RunAsync(server.Address, Rows(10), "rejects"));
        Assert.Equal("The connection broke 9 times in a row without any progress: Draining. Run the same command again to go on.", failure.Message);
        Assert.Equal(9, attempts);
    }

    [Fact]
    public async Task A_server_that_refuses_the_import_is_not_asked_again()
    {
        var attempts = 0;
        await using var server = await ImportServer.StartAsync((_, _, _) =>
        {
            Interlocked.Increment(ref attempts);
            throw new RpcException(new Status(StatusCode.PermissionDenied, "Not you"));
        });
        var failure = await Assert.ThrowsAsync<ImportException>(() => RunAsync(server.Address, Rows(10), "rejects"));
        Assert.Equal("The server refused the import: PermissionDenied: Not you.", failure.Message);
        Assert.Equal(1, attempts);
    }

    [Fact]
    public async Task The_port_of_REST_is_recognised_at_once()
    {
        await using var server = await ImportServer.StartAsync((_, _, _) => Task.CompletedTask, HttpProtocols.Http1);
        var failure = await Assert.ThrowsAsync<ImportException>(() => RunAsync(server.Address, Rows(10), "rejects"));
        Assert.Contains("port of REST", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_reported_at_once_with_what_to_do()
    {
        Uri address;
        await using (var server = await ImportServer.StartAsync((_, _, _) => Task.CompletedTask)) address = server.Address;
        var failure = await Assert.ThrowsAsync<ImportException>(() => RunAsync(address, Rows(10), "rejects"));
        Assert.Equal(0, _totals.Rows);
        Assert.Contains("Start it with `make run`", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refused_rows_are_written_with_their_line_the_reason_and_every_violation()
    {
        var folder = Directory.CreateTempSubdirectory("catalog-");
        try
        {
            var refusal = CatalogError.Invalid([new() { Field = "sku", Description = "is missing" }, new() { Field = "title", Description = "is missing" }]);
            await using var server = await ImportServer.StartAsync(async (requests, responses, _) =>
            {
                await foreach (var request in requests.ReadAllAsync())
                    foreach (var row in request.Rows)
                        await responses.WriteAsync(new ImportProductsResponse { Results = { new ImportRowResult { Row = row.Row, Outcome = Outcome.Failed, Error = refusal } } });
            });
            var path = Path.Combine(folder.FullName, "rejects.ndjson");
            await RunAsync(server.Address, RowReading.Ndjson("{\"brand\":\"é\"}\nnonsense\n"), path);

            Assert.Equal(2, _totals.Failed);
            var rejects = (await File.ReadAllLinesAsync(path, TestContext.Current.CancellationToken)).Select(line => JsonDocument.Parse(line).RootElement).ToDictionary(reject => reject.GetProperty("line").GetInt32());
            Assert.Equal("{\"brand\":\"é\"}", rejects[1].GetProperty("raw").GetString());
            Assert.Equal("INVALID_ARGUMENT", rejects[1].GetProperty("code").GetString());
            Assert.Equal("INVALID_REQUEST", rejects[1].GetProperty("reason").GetString());
            Assert.Equal("sku: is missing; title: is missing", rejects[1].GetProperty("message").GetString());
            Assert.Equal(["sku", "title"], rejects[1].GetProperty("violations").EnumerateArray().Select(violation => violation.GetProperty("field").GetString()));
            Assert.Equal("nonsense", rejects[2].GetProperty("raw").GetString());
            Assert.StartsWith("row: is not valid JSON at byte 2", rejects[2].GetProperty("message").GetString(), StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_file_that_breaks_off_fails_after_the_rows_before_it_were_imported()
    {
        static IEnumerable<SourceRow> Broken() => Rows(1200).Concat(Rows(1).Select<SourceRow, SourceRow>(_ => throw new IOException("The disk is gone.")));
        await using var server = await ImportServer.StartAsync(async (requests, responses, _) =>
        {
            await foreach (var request in requests.ReadAllAsync()) await responses.WriteAsync(ImportServer.Created(request.Rows));
        });
        await Assert.ThrowsAsync<IOException>(() => RunAsync(server.Address, Broken(), "rejects"));
        Assert.Equal(1000, _totals.Created);
    }

    [Fact]
    public async Task An_import_that_is_stopped_sends_nothing_more_and_books_what_was_answered()
    {
        using var stop = new CancellationTokenSource();
        await using var server = await ImportServer.StartAsync(async (requests, responses, _) =>
        {
            await foreach (var request in requests.ReadAllAsync())
            {
                await responses.WriteAsync(ImportServer.Created(request.Rows));
                if (stop.IsCancellationRequested) continue;
                await BookedAsync(500);
                await stop.CancelAsync();
            }
        });
        await RunAsync(server.Address, Rows(1_000_000), "rejects", stop.Token);
        Assert.InRange(_totals.Created, 500, 5500);
    }

    private static IEnumerable<SourceRow> Rows(int count) =>
        Enumerable.Range(1, count).Select(line => new SourceRow(line, default, new ImportRow { Row = line, Sku = $"S-{line}", Title = "Mug" }, null));

    private async Task BookedAsync(long created)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (_totals.Created < created) await Task.Delay(1, deadline.Token);
    }

    private async Task RunAsync(Uri address, IEnumerable<SourceRow> rows, string rejectsPath, CancellationToken? stop = null)
    {
        using var rejects = new RejectsFile(rejectsPath);
        using var channel = GrpcChannel.ForAddress(address);
        await new Importer(new ProductCommandService.ProductCommandServiceClient(channel), rejects, _totals, new ImpatientTime()).RunAsync(rows, stop ?? TestContext.Current.CancellationToken);
    }

    /// <summary>Time in which every pause is over at once.</summary>
    private sealed class ImpatientTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
