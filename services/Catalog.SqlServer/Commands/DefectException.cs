namespace Catalog.SqlServer.Commands;

/// <summary>A decision failed: a defect, or a product that is damaged. To try again would not help, whatever the cause looks like.</summary>
internal sealed class DefectException(Exception cause) : Exception("A command could not be decided.", cause);
