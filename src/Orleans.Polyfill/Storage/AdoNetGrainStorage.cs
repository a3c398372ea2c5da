using System.Buffers.Binary;
using System.Data;
using System.Data.Common;
using System.Globalization;
using System.Text;
using Orleans.Configuration;
using Orleans.Polyfill;
using Orleans.Runtime;
using Orleans.Storage;

namespace Orleans.Configuration
{
    /// <summary>Grain storage in a relational database.</summary>
    public class AdoNetGrainStorageOptions
    {
        /// <summary>Either this or <see cref="DataSource"/>.</summary>
        public string? ConnectionString { get; set; }

        /// <summary>Either this or <see cref="ConnectionString"/>.</summary>
        public DbDataSource? DataSource { get; set; }

        /// <summary>The driver. Default "Microsoft.Data.SqlClient".</summary>
        public string Invariant { get; set; } = "Microsoft.Data.SqlClient";

        /// <summary>The lifecycle stage at which the storage starts. Default 10000.</summary>
        public int InitStage { get; set; } = ServiceLifecycleStage.ApplicationServices;

        /// <summary>Clearing deletes the row instead of emptying it. Default false.</summary>
        public bool DeleteStateOnClear { get; set; }
    }
}

namespace Orleans.Polyfill
{
    /// <summary>The key of a state's row (orleans-api.md 4.2). The grain type is no part of it.</summary>
    internal readonly record struct StorageKey(long N0, long N1, string? Extension, int Hash)
    {
        public static StorageKey Of(GrainId id)
        {
            if (id.TryGetGuidKey(out var guid, out var extension))
            {
                var bytes = guid.ToByteArray();
                return new(BinaryPrimitives.ReadInt64LittleEndian(bytes), BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(8)), extension, HashOf(bytes, extension));
            }

            if (id.TryGetIntegerKey(out var number, out extension))
            {
                return new(0, number, extension, HashOf(BitConverter.GetBytes(number), extension));
            }

            var text = id.Key.ToString();
            return new(0, 0, text, HashOf([], text));
        }

        public static int HashOfName(string name) => (int)XxHash32.Hash(Encoding.UTF8.GetBytes(name));

        private static int HashOf(byte[] key, string? extension)
        {
            byte[] all = [.. key, .. Encoding.UTF8.GetBytes(extension ?? "")];
            Array.Reverse(all);
            return (int)XxHash32.Hash(all);
        }
    }

    /// <summary>Grain storage through the OrleansQuery rows.</summary>
    internal sealed class AdoNetGrainStorage(string name, AdoNetGrainStorageOptions options, SiloRuntime silo) : IGrainStorage, ILifecycleParticipant<ISiloLifecycle>
    {
        private const string Read = "ReadFromStorageKey", Write = "WriteToStorageKey", Clear = "ClearStorageKey", Delete = "DeleteStorageKey";

        private Relational? database;

        private Relational Database => database ?? throw new InvalidOperationException($"The storage {name} has not started.");

        public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe($"AdoNetGrainStorage {name}", options.InitStage, StartAsync, async _ =>
        {
            if (database is { } open)
            {
                await open.DisposeAsync();
            }
        });

        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => ReadStateAsync(stateName, grainId, grainState, CancellationToken.None);

        public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => WriteStateAsync(stateName, grainId, grainState, CancellationToken.None);

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => ClearStateAsync(stateName, grainId, grainState, CancellationToken.None);

        public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
        {
            var rows = await Database.QueryAsync(
                Read,
                command => Key(command, stateName, grainId),
                reader => (Payload: reader["PayloadBinary"] as byte[], Version: reader.Number("Version")),
                cancellationToken);
            if (rows.Count > 1)
            {
                throw new InvalidOperationException($"There are {rows.Count} rows for state {stateName} of {grainId}. The table needs a unique index.");
            }

            var (payload, version) = rows.SingleOrDefault();
            grainState.State = payload is null ? StateBridge<T>.NewState() : StateSerializer.Deserialize<T>(payload);
            grainState.RecordExists = payload is not null;
            grainState.ETag = version?.ToString(CultureInfo.InvariantCulture);
        }

        public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
        {
            var payload = StateSerializer.Serialize(grainState.State!);
            var rows = await Database.QueryAsync(
                Write,
                command =>
                {
                    Key(command, stateName, grainId);
                    command.Add("GrainStateVersion", Version(grainState), DbType.Int32);
                    command.Add("PayloadBinary", payload, DbType.Binary);
                },
                reader => reader.Number("NewGrainStateVersion"),
                cancellationToken);
            grainState.ETag = Accepted(rows, grainState, stateName, grainId, "Write");
            grainState.RecordExists = true;
        }

        public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
        {
            if (grainState.ETag is null)
            {
                (grainState.State, grainState.RecordExists) = (StateBridge<T>.NewState(), false);
                return; // there is no row of ours to clear
            }

            var rows = await Database.QueryAsync(
                options.DeleteStateOnClear ? Delete : Clear,
                command =>
                {
                    Key(command, stateName, grainId);
                    command.Add("GrainStateVersion", Version(grainState), DbType.Int32);
                },
                reader => reader.Number(0),
                cancellationToken);
            var tag = Accepted(rows, grainState, stateName, grainId, "Clear");
            (grainState.State, grainState.RecordExists, grainState.ETag) = (StateBridge<T>.NewState(), false, options.DeleteStateOnClear ? null : tag);
        }

        private static int? Version<T>(IGrainState<T> state) => state.ETag is { Length: > 0 } tag ? int.Parse(tag, CultureInfo.InvariantCulture) : null;

        // On a conflict the statement gives no row, NULL, or the version that it was given.
        private static string Accepted<T>(List<int?> rows, IGrainState<T> state, string stateName, GrainId grainId, string operation)
        {
            var stored = rows.Count == 0 ? null : rows[0];
            return stored is { } version && version != Version(state)
                ? version.ToString(CultureInfo.InvariantCulture)
                : throw new InconsistentStateException($"Version conflict ({operation}): state {stateName} of {grainId}", stored?.ToString(CultureInfo.InvariantCulture), state.ETag);
        }

        private async Task StartAsync(CancellationToken token)
        {
            var opened = Relational.Open(options.Invariant, options.ConnectionString, options.DataSource);
            try
            {
                await opened.LoadAsync(options.DeleteStateOnClear ? [Read, Write, Clear, Delete] : [Read, Write, Clear], token);
            }
            catch (ArgumentException missing)
            {
                // Of the three providers this is the one that refuses in this way (and there without a word of which).
                throw new InvalidOperationException(missing.Message, missing);
            }

            database = opened;
        }

        private void Key(DbCommand command, string stateName, GrainId grainId)
        {
            var key = StorageKey.Of(grainId);
            command.Add("GrainIdHash", key.Hash, DbType.Int32);
            command.Add("GrainIdN0", key.N0, DbType.Int64);
            command.Add("GrainIdN1", key.N1, DbType.Int64);
            command.Add("GrainTypeHash", StorageKey.HashOfName(stateName), DbType.Int32);
            command.Add("GrainTypeString", stateName, DbType.String);
            command.Add("GrainIdExtensionString", key.Extension, DbType.String);
            command.Add("ServiceId", silo.ServiceId, DbType.String);
        }
    }
}
