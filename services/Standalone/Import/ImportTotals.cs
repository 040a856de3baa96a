using Catalog.V1;
using Outcome = Catalog.V1.ImportRowResult.Types.Outcome;

namespace Catalog.Standalone.Import;

/// <summary>What became of the rows so far. Written by the importer, read by whoever shows the progress.</summary>
internal sealed class ImportTotals
{
    private readonly long[] _counts = new long[5];

    public long Created => Read(Outcome.Created);
    public long Updated => Read(Outcome.Updated);
    public long Unchanged => Read(Outcome.Unchanged);
    public long Failed => Read(Outcome.Failed);
    public long Rows => Created + Updated + Unchanged + Failed;

    public void Add(Outcome outcome) => Interlocked.Increment(ref _counts[(int)outcome]);

    private long Read(Outcome outcome) => Interlocked.Read(ref _counts[(int)outcome]);
}
