using System.Collections.Concurrent;
using System.Threading.Channels;
using Catalog.V1;
using Grpc.Core;
using Outcome = Catalog.V1.ImportRowResult.Types.Outcome;
using Service = Catalog.V1.ProductCommandService.ProductCommandServiceClient;

namespace Catalog.Standalone.Import;

/// <summary>
/// Streams rows to a server and books their results. Reading the file, sending and receiving overlap; what is on its way is bounded, so that memory
/// stays flat however large the file. When the connection breaks, it goes on from the first row without a result.
/// </summary>
internal sealed class Importer(Service server, RejectsFile rejects, ImportTotals totals, TimeProvider time)
{
    private const int MaxInFlight = 8;

    // How long the server may take to answer what was sent when the import is stopped. Whoever stops it waits.
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(1.5);

    private readonly Channel<ImportBatch> _read = Channel.CreateBounded<ImportBatch>(2);
    private readonly ConcurrentQueue<ImportBatch> _inFlight = new();
    private readonly SemaphoreSlim _room = new(MaxInFlight);
    private long _answered;

    /// <summary>
    /// Imports the rows. When <paramref name="stop"/> is cancelled it sends nothing more, waits shortly for the results of what was sent, and returns.
    /// </summary>
    public async Task RunAsync(IEnumerable<SourceRow> rows, CancellationToken stop)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var reading = Task.Run(() => ReadAsync(rows, end.Token), CancellationToken.None);
        try
        {
            await SendAllAsync(stop);
            // A file that cannot be read to its end is a failure, after everything before was imported. A stopped reader may hang in standard input.
            if (!stop.IsCancellationRequested) await reading;
        }
        finally
        {
            await end.CancelAsync();
        }
    }

    private async Task SendAllAsync(CancellationToken stop)
    {
        using var abort = new CancellationTokenSource();
        await using var stopping = stop.Register(() => abort.CancelAfter(StopTimeout));
        var backoff = new Backoff(time);
        while (true)
        {
            var before = _answered;
            try
            {
                await StreamAsync(stop, abort.Token);
                if (_inFlight.IsEmpty) return;
                throw new RpcException(new Status(StatusCode.Unavailable, "The server ended the stream before it had answered every row."));
            }
            catch (Exception) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (RpcException e)
            {
                if (_answered > before) backoff.Reset();
                if (!await backoff.WaitAsync(e, stop)) return;
            }
        }
    }

    private async Task ReadAsync(IEnumerable<SourceRow> rows, CancellationToken end)
    {
        try
        {
            var batch = new ImportBatch();
            foreach (var row in rows)
            {
                if (row.Row is null)
                {
                    rejects.Add(row, row.Refusal!);
                    totals.Add(Outcome.Failed);
                    continue;
                }
                if (batch.TryAdd(row)) continue;
                await _read.Writer.WriteAsync(batch, end);
                batch = new ImportBatch();
                batch.TryAdd(row);
            }
            if (!batch.IsEmpty) await _read.Writer.WriteAsync(batch, end);
        }
        finally
        {
            _read.Writer.Complete();
        }
    }

    private async Task StreamAsync(CancellationToken stop, CancellationToken abort)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(abort);
        using var call = server.ImportProducts(cancellationToken: over.Token);
        var again = _inFlight.Select(batch => batch.ToRequest()).ToList();
        var sending = SendAsync(call.RequestStream, again, stop, over.Token);
        try
        {
            // The answers say how the call ended; a send only fails when it is over.
            await ReceiveAsync(call.ResponseStream);
        }
        finally
        {
            await over.CancelAsync();
            await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task SendAsync(IClientStreamWriter<ImportProductsRequest> requests, List<ImportProductsRequest> again, CancellationToken stop, CancellationToken over)
    {
        foreach (var request in again) await requests.WriteAsync(request, over);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, over);
        try
        {
            while (await _read.Reader.WaitToReadAsync(either.Token))
            {
                await _room.WaitAsync(either.Token);
                if (!_read.Reader.TryRead(out var batch)) throw new InvalidOperationException("There is one reader only.");
                var request = batch.ToRequest();
                _inFlight.Enqueue(batch);
                await requests.WriteAsync(request, over);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested && !over.IsCancellationRequested)
        {
            // Stopped: what was sent is still answered.
        }
        await requests.CompleteAsync();
    }

    private async Task ReceiveAsync(IAsyncStreamReader<ImportProductsResponse> responses)
    {
        await foreach (var response in responses.ReadAllAsync())
            foreach (var result in response.Results) Book(result);
    }

    private void Book(ImportRowResult result)
    {
        if (!_inFlight.TryPeek(out var batch)) throw new ImportException($"The server answered row {result.Row}, which was not sent.");
        var row = batch.Answer(result);
        _answered++;
        if (result.Outcome == Outcome.Failed) rejects.Add(row, result.Error);
        totals.Add(result.Outcome);
        if (!batch.IsAnswered) return;
        _inFlight.TryDequeue(out _);
        _room.Release();
    }
}
