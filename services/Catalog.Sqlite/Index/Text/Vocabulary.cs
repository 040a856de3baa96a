using Catalog.Queries;

namespace Catalog.Sqlite.Index.Text;

/// <summary>
/// The words that there are, for finding those that are nearly the one searched for. New ones go to an unsorted list and are merged into the sorted
/// one now and then. Written by one thread at a time, read by any.
/// </summary>
/// <remarks>
/// A word stays until the index is opened again, even if no product holds it any more: it then matches nothing. Beyond <see cref="MaxWords"/> words,
/// new ones are found when they are typed exactly, and not otherwise.
/// </remarks>
internal sealed class Vocabulary
{
    /// <summary>How many words are kept.</summary>
    public const int MaxWords = 1_000_000;

    /// <summary>Longer words are not kept: nobody mistypes them.</summary>
    public const int MaxLength = 40;

    private const int MaxRecent = 4096;

    private readonly Lock _gate = new();
    private readonly HashSet<ulong> _known = [];
    private readonly ulong[] _frequent = new ulong[4096]; // some of the known ones, at their hashes: most words are these, and they stay in the processor's cache
    private State _state = new(SortedWords.Empty, [], 0, []);

    // Of Recent, readers look at the first RecentCount only, which are never written again. Rare are words with characters beyond the basic plane.
    private sealed record State(SortedWords Sorted, string[] Recent, int RecentCount, string[] Rare);

    /// <summary>How frequent they are.</summary>
    public WordFrequencies Frequencies { get; } = new();

    /// <summary>Adds the words that are new.</summary>
    public void Add(IReadOnlyList<string> words)
    {
        lock (_gate)
        {
            var state = _state;
            foreach (var word in words)
            {
                if (word.Length > MaxLength) continue;
                var hash = Hash(word);
                ref var frequent = ref _frequent[hash & 4095];
                if (frequent == hash || _known.Count >= MaxWords) continue;
                frequent = hash;
                if (!_known.Add(hash)) continue;
                if (state.RecentCount == MaxRecent) state = Merge(state);
                var recent = state.Recent;
                if (state.RecentCount == recent.Length) Array.Resize(ref recent, Math.Max(64, recent.Length * 2));
                recent[state.RecentCount] = word;
                state = state with { Recent = recent, RecentCount = state.RecentCount + 1 };
            }
            Volatile.Write(ref _state, state);
        }
    }

    /// <summary>The words within some edits of a word, other than itself, with their distances, in no order.</summary>
    public List<(string Word, int Distance)> FindNear(string word, int typos)
    {
        var state = Volatile.Read(ref _state);
        List<(string, int)> found = [];
        state.Sorted.FindNear(word, typos, found);
        foreach (var other in state.Rare) Compare(other);
        foreach (var other in state.Recent.AsSpan(0, state.RecentCount)) Compare(other);
        return found;

        void Compare(string other)
        {
            var distance = EditDistance.Bounded(word, other, typos);
            if (distance > 0 && distance <= typos) found.Add((other, distance));
        }
    }

    private static State Merge(State state)
    {
        var recent = state.Recent.AsSpan(0, state.RecentCount).ToArray();
        string[] rare = [.. state.Rare, .. recent.Where(word => word.Any(char.IsSurrogate))];
        return new State(state.Sorted.Merge(recent.Where(word => !word.Any(char.IsSurrogate))), [], 0, rare);
    }

    // If two words share a hash, which among a million words happens once in tens of millions of catalogs, one of them is not found when it is
    // mistyped.
    private static ulong Hash(string word)
    {
        var hash = 14695981039346656037UL;
        foreach (var letter in word)
        {
            hash = (hash ^ letter) * 1099511628211UL;
            hash ^= hash >> 32;
        }
        return hash;
    }
}
