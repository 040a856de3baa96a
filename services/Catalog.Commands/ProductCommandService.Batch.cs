using Catalog.V1;
using Google.Protobuf;
using Grpc.Core;
using Status = Google.Rpc.Status;

namespace Catalog.Commands;

public sealed partial class ProductCommandService
{
    private const int MaxBatch = 1000;

    /// <inheritdoc />
    public override async Task<BatchWriteProductsResponse> BatchWriteProducts(BatchWriteProductsRequest request, ServerCallContext context)
    {
        if (request.Commands.Count is 0 or > MaxBatch)
            throw CatalogError.Invalid("commands", $"must have 1 to {MaxBatch} entries, not {request.Commands.Count}").ToRpcException();

        var response = new BatchWriteProductsResponse();
        var valid = new List<(WriteResult Result, ProductCommand Command)>(request.Commands.Count);
        foreach (var item in request.Commands)
        {
            var result = new WriteResult();
            response.Results.Add(result);
            var command = Content(item);
            if ((command is null ? NoCommand : RequestRules.Check(command).ToStatus()) is { } refusal) result.Error = refusal;
            else valid.Add((result, Prepare(command!, context)));
        }
        var outcomes = await store.ExecuteAllAsync(valid.ConvertAll(v => v.Command));
        for (var i = 0; i < outcomes.Count; i++)
        {
            if (outcomes[i] is CommandOutcome.Committed committed) valid[i].Result.Receipt = Receipt(committed);
            else valid[i].Result.Error = Error(outcomes[i]);
        }
        return response;
    }

    private static Status Error(CommandOutcome outcome) => outcome switch
    {
        CommandOutcome.Refused refused => refused.Error,
        CommandOutcome.Failed failed => Refusals.StoreFailed(failed.Error),
        _ => new Status { Code = (int)StatusCode.Cancelled, Message = "The call ended before this command began." },
    };

    private static Status NoCommand =>
        CatalogError.Invalid("command", "is required: one of create, update, change_price, adjust_stock, activate, discontinue, delete");

    private static IMessage? Content(WriteCommand command) => command.CommandCase switch
    {
        WriteCommand.CommandOneofCase.Create => command.Create,
        WriteCommand.CommandOneofCase.Update => command.Update,
        WriteCommand.CommandOneofCase.ChangePrice => command.ChangePrice,
        WriteCommand.CommandOneofCase.AdjustStock => command.AdjustStock,
        WriteCommand.CommandOneofCase.Activate => command.Activate,
        WriteCommand.CommandOneofCase.Discontinue => command.Discontinue,
        WriteCommand.CommandOneofCase.Delete => command.Delete,
        _ => null,
    };
}
