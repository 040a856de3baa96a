using Catalog.V1;

namespace Catalog.Standalone;

/// <summary>Says where the process listens: to a person two commands to paste, to a log one line.</summary>
internal static partial class Banner
{
    public static void Print(WebApplication app, DataFolder folder)
    {
        var (grpc, rest) = (app.Urls.First(), app.Urls.Skip(1).First());
        if (Console.IsOutputRedirected)
        {
            Listening(app.Logger, grpc, rest, folder.Path);
            return;
        }
        var address = new Uri(grpc).Authority;
        Console.WriteLine($$$"""

            The catalog runs.
              gRPC   {{{grpc}}}
              REST   {{{rest}}}   (health at /healthz/ready, metrics at /metrics)
              data   {{{folder.Path}}}

            Try it:
              grpcurl -plaintext -d '{"product_id":"blue-vase","product":{"sku":"VASE-1","title":"Blue vase"}}' {{{address}}} {{{ProductCommandService.Descriptor.FullName}}}/CreateProduct
              curl {{{rest}}}/v1/products/blue-vase

            Ctrl-C stops it.

            """);
    }


    [LoggerMessage(1, LogLevel.Information, "Listening: gRPC on {Grpc}, REST on {Rest}, data in {Data}")]
    private static partial void Listening(ILogger logger, string grpc, string rest, string data);
}
