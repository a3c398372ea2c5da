using Orleans.Runtime;

namespace Orleans.Runtime
{
    /// <summary>Looks into the cluster. Its key is 0.</summary>
    public interface IManagementGrain : IGrainWithIntegerKey
    {
        Task<Dictionary<SiloAddress, SiloStatus>> GetHosts(bool onlyActive = false);

        Task ForceActivationCollection(SiloAddress[] hostsIds, TimeSpan ageLimit);

        Task ForceActivationCollection(TimeSpan ageLimit);

        Task<int> GetTotalActivationCount();

        ValueTask<SiloAddress?> GetActivationAddress(IAddressable reference);
    }
}

namespace Orleans.Polyfill
{
    [GrainType("sys.mgmt")]
    internal sealed class ManagementGrain(SiloRuntime silo) : Grain, IManagementGrain
    {
        public Task<Dictionary<SiloAddress, SiloStatus>> GetHosts(bool onlyActive = false) => Task.FromResult(silo.StatusOracle.GetApproximateSiloStatuses(onlyActive));

        public Task ForceActivationCollection(TimeSpan ageLimit) => ForceActivationCollection([.. silo.Hub.Active], ageLimit);

        public Task ForceActivationCollection(SiloAddress[] hostsIds, TimeSpan ageLimit) =>
            Task.WhenAll(hostsIds.Select(silo.Hub.Find).OfType<SiloRuntime>().SelectMany(s => s.Catalog.CollectIdle(ageLimit)));

        public Task<int> GetTotalActivationCount() => Task.FromResult(silo.Hub.Silos.Sum(s => s.Catalog.Count));

        public ValueTask<SiloAddress?> GetActivationAddress(IAddressable reference) => ValueTask.FromResult(silo.Hub.Lookup(reference.GetGrainId()));
    }
}
