namespace InstanceTasks.Verifier.Model;

/// <summary>What tells two records apart, as far as any decision can see: packed, so that comparing is cheap.</summary>
internal static class Keys
{
    private static readonly string?[] Failures =
    [
        null, FailureKinds.NoValidHost, FailureKinds.Timeout, FailureKinds.Guest, FailureKinds.Hypervisor, FailureKinds.MachineMissing, FailureKinds.Lost,
        FailureKinds.Fenced, FailureKinds.WrongState, FailureKinds.Internal,
    ];

    private static readonly string?[] Results = [null, "done", "failed", "skipped"];

    public static UInt128 Of(TaskRecord t, long turn, int epoch)
    {
        var key = new Packer();
        key.Add(Names.IndexOf(t.Id), 2);
        key.Add(Names.IndexOf(t.Kind), 6);
        key.Add((int)t.Phase, 1);
        key.Add((int)t.Run, 3);
        key.Add((int)t.Intent, 2);
        key.Add((int)t.Outcome, 3);
        key.Add(t.Step + 1, 4);
        key.Add(t.FailedAttempts, 4);
        key.Add(epoch, 5);
        key.Add((int)turn, 5);
        key.Add(t.Generation == 0 ? 0 : 1, 1);
        key.Add(t.Token is null ? 0 : 1, 1);
        key.Add(t.Host is null ? 0 : 1, 1);
        key.Add(t.WaitReason is null ? 0 : 1, 1);
        key.Add(t.NotBefore is null ? 0 : 1, 1);
        key.Add(IndexOf(t.Failure), 4);
        key.Add(Names.IndexOf(t.SupersededBy), 2);
        key.Add(Names.IndexOf(t.Supersedes), 2);
        key.Add(t.MustFence ? 1 : 0, 1);
        key.Add((int)t.FromState, 4);
        key.Add(t.ReturnsTo is { } returns ? 1 + (int)returns : 0, 4);
        foreach (var step in Plain.Telling(t.Steps))
        {
            key.Add(1 + (int)step.Direction, 2);
            key.Add(step.FinishedAt is null ? 0 : 1, 1);
            key.Add(Array.IndexOf(Results, step.Result), 2);
            key.Add(step.Result == "failed" ? IndexOf(step.Failure) : 0, 4);
        }

        return key.Value;
    }

    public static UInt128 Of(InstanceRecord i, long turn)
    {
        var key = new Packer();
        key.Add((int)i.VmState, 4);
        key.Add(i.Host is null ? 0 : 1, 1);
        key.Add(i.Locked ? 1 : 0, 1);
        key.Add(i.LaunchedAt is null ? 0 : 1, 1);
        key.Add(i.FenceNext ? 1 : 0, 1);
        key.Add((int)turn, 5);
        key.Add(i.Flavor.Id == Names.Large.Id ? 1 : 0, 1);
        key.Add(i.Resize is { } resize ? 1 + (int)resize.Stage : 0, 3);
        key.Add((int)(i.Resize?.From ?? default), 4);
        Add(ref key, i.Holder is { } holder ? [holder] : []);
        Add(ref key, i.Queue);
        Add(ref key, i.Attention);
        return key.Value;
    }

    private static void Add(ref Packer key, List<TaskRef> refs)
    {
        key.Add(refs.Count, 2);
        foreach (var item in refs)
        {
            key.Add(Names.IndexOf(item.Id), 2);
            key.Add(Names.IndexOf(item.Kind), 6);
        }
    }

    private static int IndexOf(Failure? failure) => Array.IndexOf(Failures, failure?.Kind) is var index and >= 0
        ? index
        : throw new InvalidOperationException($"The verifier does not know the failure '{failure?.Kind}'.");

    private ref struct Packer
    {
        private int _used;

        public UInt128 Value { get; private set; }

        public void Add(int value, int width)
        {
            if (value < 0 || value >= 1 << width || _used + width > 128)
            {
                throw new InvalidOperationException($"{value} does not fit into {width} bits.");
            }

            Value |= (UInt128)(uint)value << _used;
            _used += width;
        }
    }
}
