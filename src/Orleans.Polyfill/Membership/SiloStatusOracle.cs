using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Orleans.Runtime;

namespace Orleans.Polyfill;

internal sealed class SiloStatusOracle(SiloRuntime silo) : ISiloStatusOracle
{
    private readonly ConcurrentDictionary<SiloAddress, SiloStatus> known = new();
    private readonly ConcurrentDictionary<ISiloStatusListener, bool> listeners = new();

    public SiloStatus CurrentStatus => silo.Status;

    public string SiloName => silo.Name;

    public SiloAddress SiloAddress => silo.SiloAddress;

    public SiloAddress[] GetActiveSilos() => [.. GetApproximateSiloStatuses(onlyActive: true).Keys];

    public SiloStatus GetApproximateSiloStatus(SiloAddress siloAddress) =>
        siloAddress.Equals(silo.SiloAddress) ? silo.Status : known.GetValueOrDefault(siloAddress);

    public Dictionary<SiloAddress, SiloStatus> GetApproximateSiloStatuses(bool onlyActive = false) =>
        known.Where(k => !onlyActive || k.Value == SiloStatus.Active).ToDictionary();

    public bool TryGetSiloName(SiloAddress siloAddress, [NotNullWhen(true)] out string? siloName)
    {
        siloName = silo.Hub.NameOf(siloAddress);
        return siloName is not null;
    }

    public bool IsFunctionalDirectory(SiloAddress siloAddress) => GetApproximateSiloStatus(siloAddress) is SiloStatus.Active or SiloStatus.ShuttingDown;

    public bool IsDeadSilo(SiloAddress silo) => GetApproximateSiloStatus(silo) == SiloStatus.Dead;

    public bool SubscribeToSiloStatusEvents(ISiloStatusListener observer) => listeners.TryAdd(observer, true);

    public bool UnSubscribeFromSiloStatusEvents(ISiloStatusListener observer) => listeners.TryRemove(observer, out _);

    /// <summary>What a silo that joins reads of those before it.</summary>
    public void Learn(SiloAddress other, SiloStatus status) => known[other] = status;

    public void Notify(SiloAddress updated, SiloStatus status)
    {
        known[updated] = status;
        foreach (var listener in listeners.Keys)
        {
            try
            {
                listener.SiloStatusChangeNotification(updated, status);
            }
            catch (Exception error)
            {
                silo.Log.ListenerFailed(error, listener.GetType().ToString());
            }
        }
    }
}
