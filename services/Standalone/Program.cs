using System.CommandLine;
using Catalog.Hosting;
using Catalog.Standalone;
using Catalog.Standalone.Import;

var root = new RootCommand("The whole product catalog in one process: commands, event log, projector, search index and queries, over gRPC and REST.");
ServeCommand.Configure(root);
root.Subcommands.Add(ImportCommand.Create());
root.Subcommands.Add(AdminCommands.Rebuild());
root.Subcommands.Add(AdminCommands.Backup());
root.Subcommands.Add(AdminCommands.Restore());
root.Subcommands.Add(AdminCommands.Restored());
root.Subcommands.Add(AdminCommands.ReplayDeadLetters());
root.Subcommands.Add(SmokeCommand.Create());
return await HostCommand.InvokeAsync(root, args);
