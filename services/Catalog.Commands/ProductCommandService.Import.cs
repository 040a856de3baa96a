using System.Diagnostics;
using System.Threading.Channels;
using Catalog.V1;
using Grpc.Core;

namespace Catalog.Commands;

public sealed partial class ProductCommandService
{
    private const int MaxRows = 1000;
    private static readonly TimeSpan UntilSenderStands = TimeSpan.FromMilliseconds(250);

    /// <inheritdoc />
    public override async Task ImportProducts(
        IAsyncStreamReader<ImportProductsRequest> requests, IServerStreamWriter<ImportProductsResponse> responses, ServerCallContext context)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, stopping);
        // One message is answered while the next is written and a third is read: the disk never waits for the network, and memory stays bounded (G10).
        var begun = Channel.CreateBounded<Rows>(1);
        var reading = ReadAsync();
        var progress = new ImportProgress();
        await foreach (var rows in begun.Reader.ReadAllAsync(context.CancellationToken))
        {
            var response = await FinishAsync(rows);
            progress.Created += response.Progress.Created;
            progress.Updated += response.Progress.Updated;
            progress.Unchanged += response.Progress.Unchanged;
            progress.Failed += response.Progress.Failed;
            progress.ConsistencyToken = response.Progress.ConsistencyToken;
            response.Progress = progress;
            await responses.WriteAsync(response, context.CancellationToken);
        }
        await reading;
        if (stopping.IsCancellationRequested)
        {
            // Where a connection closes while its client still sends, the reason is lost with what was not read. As nothing is read any more, the client soon stands still.
            await Task.Delay(UntilSenderStands, time, context.CancellationToken);
            throw CatalogError.Retry(StatusCode.Unavailable, ErrorReason.ShuttingDown, "The service is shutting down. Run the import again; it goes on where it stopped.", TimeSpan.FromSeconds(1)).ToRpcException();
        }

        async Task ReadAsync()
        {
            Exception? fault = null;
            try
            {
                while (await requests.MoveNext(ending.Token)) await begun.Writer.WriteAsync(await BeginAsync(requests.Current, context), context.CancellationToken);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested && !context.CancellationToken.IsCancellationRequested) { }
            catch (Exception e)
            {
                fault = e;
            }
            begun.Writer.Complete(fault);
        }
    }

    /// <summary>The rows of one message, checked and handed to the store.</summary>
    private sealed record Rows(
        ImportProductsResponse Response, List<(ImportRowResult Result, ProductCommand Command)> Valid, Task<IReadOnlyList<CommandOutcome>> Outcomes);

    private async Task<Rows> BeginAsync(ImportProductsRequest request, ServerCallContext context)
    {
        if (request.Rows.Count > MaxRows) throw CatalogError.Invalid("rows", $"must have at most {MaxRows} entries, not {request.Rows.Count}").ToRpcException();
        var response = new ImportProductsResponse { Progress = new ImportProgress() };
        var valid = new List<(ImportRowResult Result, ProductCommand Command)>(request.Rows.Count);
        foreach (var row in request.Rows)
        {
            var result = new ImportRowResult { Row = row.Row };
            response.Results.Add(result);
            var violations = RequestRules.Check(row);
            if (violations.ToStatus() is { } refusal) result.Error = refusal;
            else valid.Add((result, Prepare(row, context)));
        }
        var commands = valid.ConvertAll(v => v.Command);
        // An import waits where a single command would be refused for overload, and its sender is held back by the stream's flow control.
        // The store says so at once, before the next message is read, so rows never overtake one another.
        for (var pause = 5; ; pause = Math.Min(pause * 2, 200))
        {
            var outcomes = store.ExecuteAllAsync(commands);
            if (!outcomes.IsCompletedSuccessfully || outcomes.Result is not [CommandOutcome.Failed { Error.Reason: ErrorReason.Overloaded }, ..])
                return new Rows(response, valid, outcomes);
            await Task.Delay(TimeSpan.FromMilliseconds(pause), time, context.CancellationToken);
        }
    }

    private static async Task<ImportProductsResponse> FinishAsync(Rows rows)
    {
        var outcomes = await rows.Outcomes;
        for (var i = 0; i < outcomes.Count; i++)
        {
            var result = rows.Valid[i].Result;
            if (outcomes[i] is CommandOutcome.Committed committed)
            {
                result.Name = ProductName.Format(committed.ProductId);
                result.Version = committed.Version;
                result.Outcome = !committed.Changed ? ImportRowResult.Types.Outcome.Unchanged
                    : committed.Version == 1 ? ImportRowResult.Types.Outcome.Created : ImportRowResult.Types.Outcome.Updated;
            }
            // The store itself failed: the import breaks off here rather than refuse row after row, and is resumed by running it again.
            else if (outcomes[i] is CommandOutcome.Failed failed) throw Refusals.StoreFailed(failed.Error).ToRpcException();
            else result.Error = Error(outcomes[i]);
        }
        Count(rows.Response, outcomes.OfType<CommandOutcome.Committed>().Where(c => c.Changed).ToList());
        return rows.Response;
    }

    private ProductCommand Prepare(ImportRow row, ServerCallContext context) => new()
    {
        ProductId = row.ProductId.Length > 0 ? row.ProductId : null,
        Sku = row.Sku,
        NewProductId = NewId(),
        Request = null,
        Decide = Decide(row, Actor(context)),
        Size = row.CalculateSize(),
        TraceParent = Activity.Current?.Id,
        Cancellation = context.CancellationToken,
    };

    private static void Count(ImportProductsResponse response, List<CommandOutcome.Committed> changes)
    {
        foreach (var result in response.Results)
        {
            if (result.Error is not null) result.Outcome = ImportRowResult.Types.Outcome.Failed;
            switch (result.Outcome)
            {
                case ImportRowResult.Types.Outcome.Created: response.Progress.Created++; break;
                case ImportRowResult.Types.Outcome.Updated: response.Progress.Updated++; break;
                case ImportRowResult.Types.Outcome.Unchanged: response.Progress.Unchanged++; break;
                default: response.Progress.Failed++; break;
            }
        }
        if (changes.Count > 0) response.Progress.ConsistencyToken = Token(changes[0].LogId, changes);
    }
}
