using System.Collections.Concurrent;

namespace InstanceTasks.Engine;

/// <summary>One-time tokens spent in this process. Old ones are forgotten: a wake-up is not delivered that late, and a late one only costs a claim.</summary>
internal sealed class TokenLedger
{
    private const int Keep = 100_000;
    private readonly ConcurrentDictionary<Guid, bool> _spent = new();
    private readonly ConcurrentQueue<Guid> _order = new();

    public bool TrySpend(Guid token)
    {
        if (!_spent.TryAdd(token, true))
        {
            return false;
        }

        _order.Enqueue(token);
        while (_order.Count > Keep && _order.TryDequeue(out var old))
        {
            _spent.TryRemove(old, out _);
        }

        return true;
    }
}
