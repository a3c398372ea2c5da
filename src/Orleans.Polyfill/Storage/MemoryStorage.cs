using System.Collections.Concurrent;
using System.Globalization;
using Orleans.Configuration;
using Orleans.Polyfill;
using Orleans.Runtime;
using Orleans.Storage;

namespace Orleans.Configuration
{
    /// <summary>Storage in the memory of the cluster.</summary>
    public class MemoryGrainStorageOptions
    {
        /// <summary>How many parts the data is spread over. Default 10.</summary>
        public int NumStorageGrains { get; set; } = 10;

        /// <summary>The lifecycle stage at which the storage starts. Default 10000.</summary>
        public int InitStage { get; set; } = ServiceLifecycleStage.ApplicationServices;
    }
}

namespace Orleans.Polyfill
{
    /// <summary>What memory storages of all silos hold. Each part lives in one silo and is lost with it.</summary>
    internal sealed class MemoryStores
    {
        private readonly Lock gate = new();
        private readonly Dictionary<(string Storage, uint Part), (SiloAddress Host, ConcurrentDictionary<string, Row> Rows)> parts = [];

        public Dictionary<(GrainId Grain, string Name), ReminderEntry> Reminders { get; } = [];

        public ConcurrentDictionary<string, Row> Part(string storage, uint part, IReadOnlyList<SiloAddress> live)
        {
            lock (gate)
            {
                if (!parts.TryGetValue((storage, part), out var found))
                {
                    parts[(storage, part)] = found = (Placer.Rendezvous(live, part), new());
                }

                return found.Rows;
            }
        }

        public void Lose(SiloAddress silo)
        {
            lock (gate)
            {
                foreach (var key in parts.Where(p => p.Value.Host.Equals(silo)).Select(p => p.Key).ToList())
                {
                    parts.Remove(key);
                }
            }
        }

        internal sealed record Row(byte[] Payload, string ETag);
    }

    /// <summary>Grain storage in memory.</summary>
    internal sealed class MemoryStorage(string name, SiloRuntime silo, MemoryGrainStorageOptions options) : IGrainStorage
    {
        private static long lastTag;

        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            Fill(grainState, Rows(grainId).GetValueOrDefault(Key(stateName, grainId)));
            return Task.CompletedTask;
        }

        public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            var rows = Rows(grainId);
            var key = Key(stateName, grainId);
            var next = new MemoryStores.Row(StateSerializer.Serialize(grainState.State!), Interlocked.Increment(ref lastTag).ToString(CultureInfo.InvariantCulture));
            var stored = rows.GetValueOrDefault(key);
            if (stored?.ETag != grainState.ETag || !(stored is null ? rows.TryAdd(key, next) : rows.TryUpdate(key, next, stored)))
            {
                throw Conflict(key, rows.GetValueOrDefault(key)?.ETag, grainState.ETag);
            }

            (grainState.ETag, grainState.RecordExists) = (next.ETag, true);
            return Task.CompletedTask;
        }

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            var rows = Rows(grainId);
            var key = Key(stateName, grainId);
            var stored = rows.GetValueOrDefault(key);
            if (stored?.ETag != grainState.ETag || (stored is not null && !rows.TryRemove(KeyValuePair.Create(key, stored))))
            {
                throw Conflict(key, rows.GetValueOrDefault(key)?.ETag, grainState.ETag);
            }

            Fill(grainState, null);
            return Task.CompletedTask;
        }

        private static void Fill<T>(IGrainState<T> target, MemoryStores.Row? row)
        {
            target.ETag = row?.ETag;
            target.RecordExists = row is not null;
            target.State = row is null ? StateBridge<T>.NewState() : StateSerializer.Deserialize<T>(row.Payload);
        }

        private static string Key(string stateName, GrainId grainId) => $"{grainId}/{stateName}";

        private static InconsistentStateException Conflict(string key, string? stored, string? current) => new($"e-Tag mismatch in memory storage for {key}.", stored, current);

        private ConcurrentDictionary<string, MemoryStores.Row> Rows(GrainId grainId)
        {
            var live = silo.Hub.Active;
            return silo.Hub.Memory.Part(name, grainId.GetUniformHashCode() % (uint)options.NumStorageGrains, live.Count == 0 ? [silo.SiloAddress] : live);
        }
    }
}
