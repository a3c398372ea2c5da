namespace InstanceTasks.Simulation.Kernel;

/// <summary>One fault that struck: the n-th draw of its kind's stream.</summary>
internal readonly record struct FaultId(FaultKind Kind, int Draw);

/// <summary>Decides about every fault from the seed, and can leave single ones out.</summary>
internal sealed class Faults
{
    private static readonly int KindCount = Enum.GetValues<FaultKind>().Length;

    private readonly Dice[] _streams;
    private readonly int[] _perMille;
    private readonly IReadOnlySet<FaultId>? _allowed;

    public Faults(long seed, Dice layout, IReadOnlySet<FaultId>? allowed)
    {
        _streams = [.. Enumerable.Range(0, KindCount).Select(k => Dice.For(seed, 1000 + k))];
        _perMille = Rates(layout);
        _allowed = allowed;
    }

    /// <summary>What struck, in order.</summary>
    public List<FaultId> Struck { get; } = [];

    /// <summary>Nothing goes wrong any more.</summary>
    public bool Calm { get; set; }

    /// <summary>How likely a kind is in this run, in thousandths.</summary>
    public int RateOf(FaultKind kind) => _perMille[(int)kind];

    /// <summary>Whether the fault strikes here. Always draws, so that one left out moves no other.</summary>
    public bool Strikes(FaultKind kind)
    {
        var stream = _streams[(int)kind];
        var hit = stream.Chance(_perMille[(int)kind]);
        if (!hit || Calm)
        {
            return false;
        }

        var id = new FaultId(kind, stream.Drawn);
        if (_allowed is not null && !_allowed.Contains(id))
        {
            return false;
        }

        Struck.Add(id);
        return true;
    }

    /// <summary>Each run has its own mix: some kinds not at all, some often.</summary>
    private static int[] Rates(Dice layout)
    {
        var rates = new int[KindCount];
        for (var kind = 0; kind < KindCount; kind++)
        {
            var level = layout.Weighted(Levels);
            rates[kind] = Usual((FaultKind)kind) * level / 10;
        }

        return rates;
    }

    private static readonly (int Weight, int Value)[] Levels = [(35, 0), (30, 5), (20, 15), (15, 40)];

    // In thousandths: of commits, reads, calls, verbs; of half seconds for what happens to processes and the database.
    private static int Usual(FaultKind kind) => kind switch
    {
        FaultKind.CommitAnswerLost or FaultKind.CommitLost or FaultKind.CommitLate or FaultKind.CommitSlow => 20,
        FaultKind.CommitRefused => 10,
        FaultKind.ReadFails => 5,
        FaultKind.StoreRestarts => 6,
        FaultKind.CallLost or FaultKind.ReplyLost or FaultKind.CallTwice or FaultKind.CallLate => 12,
        FaultKind.SecondActivation or FaultKind.ActivationLost => 60,
        FaultKind.ProcessDies => 30,
        FaultKind.ProcessHangs => 30,
        FaultKind.ProcessStops => 15,
        FaultKind.WorkerHangsBeforeCall => 20,
        FaultKind.VerbFails => 80,
        FaultKind.VerbFailsForGood => 30,
        FaultKind.VerbFailsAfterEffect => 40,
        FaultKind.VerbHangs or FaultKind.VerbDeaf => 40,
        FaultKind.ObserveForgets or FaultKind.FenceFails => 60,
        FaultKind.HostUnreachable => 30,
        FaultKind.ClockJumps => 20,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a fault."),
    };
}
