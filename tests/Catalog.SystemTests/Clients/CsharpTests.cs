using System.Text.RegularExpressions;
using Catalog.V1;

namespace Catalog.SystemTests.Clients;

/// <summary>The program that the guide for clients shows, with the packages that it names.</summary>
public sealed partial class CsharpTests(SharedCatalog shared)
{
    [Fact]
    public async Task The_program_in_the_guide_compiles_and_does_what_it_says()
    {
        var guide = await File.ReadAllTextAsync(Path.Combine(CatalogProcess.Repository, "docs", "clients.md"));
        using var folder = new TempFolder();
        // As the package would bring it: the assembly, and what that needs.
        await File.WriteAllTextAsync(folder.File("shop.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings><Nullable>enable</Nullable></PropertyGroup>
              <ItemGroup>
                <Reference Include="{typeof(CatalogError).Assembly.Location}" />
                {string.Concat(new[] { "Google.Api.CommonProtos", "Google.Protobuf", "Grpc.Net.Client", "Grpc.StatusProto" }.Select(name => $"<PackageReference Include=\"{name}\" Version=\"{VersionOf(name)}\" />"))}
              </ItemGroup>
            </Project>
            """);
        await File.WriteAllTextAsync(folder.File("Program.cs"), Program().Match(guide).Groups["program"].Value.Replace("http://127.0.0.1:5080", $"http://{shared.Catalog.Commands.Target}", StringComparison.Ordinal));
        var (code, output, errors) = await ClientProgram.RunInAsync(folder.Path, "dotnet", "run");
        Assert.True(code == 0, output + errors);
        Assert.EndsWith("Wall clock, version 1\n", output, StringComparison.Ordinal);
    }

    private static string VersionOf(string package) =>
        Regex.Match(File.ReadAllText(Path.Combine(CatalogProcess.Repository, "Directory.Packages.props")), $"\"{Regex.Escape(package)}\" Version=\"(?<version>[^\"]+)\"").Groups["version"].Value;

    [GeneratedRegex("```csharp\n(?<program>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Program();
}
