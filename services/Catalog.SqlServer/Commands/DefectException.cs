namespace Catalog.SqlServer.Commands;

/// <summary>A decision failed: a defect, not the database's. To try again would not help, whatever the cause looks like.</summary>
internal sealed class DefectException(Exception cause) : Exception("A command could not be decided.", cause);
