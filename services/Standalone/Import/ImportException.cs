namespace Catalog.Standalone.Import;

/// <summary>Ends an import with a message that tells the person at the terminal what to do.</summary>
internal sealed class ImportException(string message, Exception? inner = null) : Exception(message, inner);
