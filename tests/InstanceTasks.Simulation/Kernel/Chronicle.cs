namespace InstanceTasks.Simulation.Kernel;

/// <summary>What happened, as a number that is the same for the same run, and as lines for people when somebody wants to read them.</summary>
internal sealed class Chronicle(Scheduler scheduler, bool keep)
{
    private ulong _hash = 14695981039346656037UL;

    /// <summary>The run as a number: two runs that differ anywhere have different ones.</summary>
    public ulong Fingerprint => _hash;

    public List<string> Lines { get; } = [];

    public bool Keeps => keep;

    /// <summary>Something happened. The text is only made when it is kept; what tells runs apart is in the numbers.</summary>
    public void Note(int what, long a, long b, Func<string> text)
    {
        Mix((ulong)scheduler.Now.Ticks);
        Mix((ulong)what);
        Mix((ulong)a);
        Mix((ulong)b);
        if (keep)
        {
            Lines.Add($"{scheduler.Now.TotalSeconds,9:0.0000}  {text()}");
        }
    }

    /// <summary>Takes a stored text into the fingerprint.</summary>
    public void Mix(string text)
    {
        foreach (var c in text)
        {
            _hash = unchecked((_hash ^ c) * 1099511628211UL);
        }
    }

    private void Mix(ulong value) => _hash = unchecked((_hash ^ value) * 1099511628211UL) ^ (value >> 32);
}
