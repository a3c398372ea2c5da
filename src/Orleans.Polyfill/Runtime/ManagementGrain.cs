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

        Task<SimpleGrainStatistic[]> GetSimpleGrainStatistics();

        ValueTask<SiloAddress?> GetActivationAddress(IAddressable reference);
    }

    /// <summary>How many activations a silo has of one class of grains.</summary>
    [GenerateSerializer, Immutable]
    public sealed class SimpleGrainStatistic
    {
        /// <summary>The class: its full name and, behind a comma, its assembly.</summary>
        [Id(0)]
        public string GrainType { get; init; } = null!;

        [Id(1)]
        public SiloAddress SiloAddress { get; init; } = null!;

        [Id(2)]
        public int ActivationCount { get; init; }
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
            Task.WhenAll(hostsIds.Select(host => silo.Hub.CollectAsync(host, ageLimit)));

        public Task<int> GetTotalActivationCount() => silo.Hub.CountAsync();

        public Task<SimpleGrainStatistic[]> GetSimpleGrainStatistics() => silo.Hub.StatisticsAsync();

        public ValueTask<SiloAddress?> GetActivationAddress(IAddressable reference) => silo.Hub.LookupAsync(reference.GetGrainId());
    }
}
