using Catalog.V1;

namespace Catalog.Bench;

/// <summary>Waits until the index has caught up, so that one measurement does not pay for the one before.</summary>
internal static class Settling
{
    public static async Task WaitAsync(ProductQueryService.ProductQueryServiceClient queries, CancellationToken stop)
    {
        while ((await queries.GetProjectionStatusAsync(new GetProjectionStatusRequest(), cancellationToken: stop)).Phase != ProjectionStatus.Types.Phase.Current)
            await Task.Delay(20, stop);
    }
}
