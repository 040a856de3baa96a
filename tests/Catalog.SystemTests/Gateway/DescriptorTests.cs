using Catalog.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;

namespace Catalog.SystemTests.Gateway;

/// <summary>What the gateway knows of the contract is the contract.</summary>
public sealed class DescriptorTests
{
    [Fact]
    public async Task The_descriptor_set_of_the_chart_is_made_from_the_protos_as_they_are()
    {
        var bytes = await File.ReadAllBytesAsync(Path.Combine(CatalogProcess.Repository, "charts", "cqrs-grpc", "files", "catalog.pb"), TestContext.Current.CancellationToken);
        var set = FileDescriptorSet.Parser.ParseFrom(bytes).File.ToDictionary(f => f.Name, StringComparer.Ordinal);
        foreach (var file in new[] { ProductCommandService.Descriptor.File, ProductQueryService.Descriptor.File }.SelectMany(WithImports).Where(f => f.Name.StartsWith("catalog/", StringComparison.Ordinal)))
            Assert.True(set.TryGetValue(file.Name, out var there) && Comparable(there).Equals(Comparable(file.ToProto())), $"{file.Name} has changed: make descriptor");
        // Otherwise REST would show the details of errors as bytes, or not at all.
        var details = set["google/rpc/error_details.proto"].MessageType.Select(m => m.Name);
        Assert.Superset(ErrorDetailsReflection.Descriptor.MessageTypes.Select(m => m.Name).ToHashSet(StringComparer.Ordinal), details.ToHashSet(StringComparer.Ordinal));
    }

    private static IEnumerable<FileDescriptor> WithImports(FileDescriptor file) => file.Dependencies.SelectMany(WithImports).Append(file);

    // The compiler writes the JSON names out for itself, and not into the code that it makes. As bytes, since options that are extensions are else unknown to one of the two.
    private static ByteString Comparable(FileDescriptorProto file)
    {
        var copy = FileDescriptorProto.Parser.ParseFrom(file.ToByteString());
        foreach (var field in copy.MessageType.SelectMany(All).SelectMany(m => m.Field)) field.ClearJsonName();
        return copy.ToByteString();
    }

    private static IEnumerable<DescriptorProto> All(DescriptorProto message) => message.NestedType.SelectMany(All).Append(message);
}
