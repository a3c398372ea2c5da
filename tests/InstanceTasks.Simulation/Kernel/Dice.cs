namespace InstanceTasks.Simulation.Kernel;

/// <summary>
/// One stream of numbers from a seed (SplitMix64). Every concern has a stream of its own, so that taking one fault away leaves the others where
/// they were. Our own, because a seed must mean the same run with every release of the runtime.
/// </summary>
internal sealed class Dice(ulong seed)
{
    private ulong _state = seed;

    /// <summary>How many numbers were drawn: the name of a draw within its stream.</summary>
    public int Drawn { get; private set; }

    /// <summary>A stream for a purpose.</summary>
    public static Dice For(long seed, int purpose)
    {
        var mixed = new Dice(unchecked((ulong)seed * 0x9E3779B97F4A7C15UL) ^ ((ulong)purpose * 0xD1B54A32D192ED03UL));
        return new Dice(mixed.Next());
    }

    public ulong Next()
    {
        Drawn++;
        _state = unchecked(_state + 0x9E3779B97F4A7C15UL);
        var z = _state;
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EBUL);
        return z ^ (z >> 31);
    }

    /// <summary>From 0 up to, not including, the limit.</summary>
    public int Below(int limit) => (int)(Next() % (ulong)limit);

    /// <summary>From low to high, both included.</summary>
    public int Between(int low, int high) => low + Below(high - low + 1);

    /// <summary>A span between two spans, in whole microseconds.</summary>
    public TimeSpan Between(TimeSpan low, TimeSpan high) =>
        low + TimeSpan.FromMicroseconds((long)(Next() % (ulong)Math.Max(1, (long)(high - low).TotalMicroseconds)));

    /// <summary>True with a probability, given in thousandths.</summary>
    public bool Chance(int perMille) => Next() % 1000 < (ulong)perMille;

    /// <summary>One of the items.</summary>
    public T Pick<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    /// <summary>One of the values, by weight.</summary>
    public T Weighted<T>(IReadOnlyList<(int Weight, T Value)> choices)
    {
        var total = 0;
        foreach (var (weight, _) in choices)
        {
            total += weight;
        }

        var at = Below(total);
        foreach (var (weight, value) in choices)
        {
            at -= weight;
            if (at < 0)
            {
                return value;
            }
        }

        throw new InvalidOperationException("No choice has any weight.");
    }

    /// <summary>An id that follows from the seed.</summary>
    public Guid Id()
    {
        Span<byte> bytes = stackalloc byte[16];
        BitConverter.TryWriteBytes(bytes, Next());
        BitConverter.TryWriteBytes(bytes[8..], Next());
        return new Guid(bytes);
    }
}
