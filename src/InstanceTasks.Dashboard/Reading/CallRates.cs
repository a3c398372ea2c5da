using InstanceTasks.Engine;

namespace InstanceTasks.Dashboard.Reading;

/// <summary>How often silos are called, from what two renewals of a lease have said. For one reader: not thread-safe.</summary>
internal sealed class CallRates(TimeProvider time)
{
    // Long enough to be read, short enough to follow what is going on.
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    // A lease's end moves by as much as its renewals are apart, whenever one looks; by less than this it is the same renewal, read anew.
    private static readonly TimeSpan SameRenewal = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<long, Queue<Sample>> _samples = [];
    private readonly long _begun = time.GetTimestamp();

    /// <summary>Takes what was read just now.</summary>
    public void Note(IReadOnlyList<LiveGeneration> live)
    {
        var now = time.GetElapsedTime(_begun);
        foreach (var silo in live)
        {
            if (silo.Calls is { } calls)
            {
                Add(_samples.TryGetValue(silo.Generation, out var known) ? known : _samples[silo.Generation] = new(), new(now + silo.Remaining, calls.Ended));
            }
        }

        foreach (var gone in _samples.Keys.Except(live.Select(l => l.Generation)).ToList())
        {
            _samples.Remove(gone);
        }
    }

    /// <summary>Calls per second in the last ten seconds or so; null: there are not two renewals to compare yet.</summary>
    public double? Of(long generation)
    {
        if (!_samples.TryGetValue(generation, out var samples) || samples.Count < 2)
        {
            return null;
        }

        var (first, last) = (samples.Peek(), samples.Last());
        return (last.Ended - first.Ended) / (last.At - first.At).TotalSeconds;
    }

    private static void Add(Queue<Sample> samples, Sample sample)
    {
        if (samples.Count > 0 && sample.At - samples.Last().At < SameRenewal)
        {
            return;
        }

        samples.Enqueue(sample);
        while (samples.Count > 2 && sample.At - samples.Peek().At > Window)
        {
            samples.Dequeue();
        }
    }

    private readonly record struct Sample(TimeSpan At, long Ended);
}
