using System.Data;
using System.Data.Common;
using System.Globalization;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Polyfill;
using Orleans.Runtime;

namespace Orleans.Configuration
{
    /// <summary>The reminder table in a relational database.</summary>
    public class AdoNetReminderTableOptions
    {
        /// <summary>Either this or <see cref="DataSource"/>.</summary>
        public string? ConnectionString { get; set; }

        /// <summary>Either this or <see cref="ConnectionString"/>.</summary>
        public DbDataSource? DataSource { get; set; }

        /// <summary>The driver. No default.</summary>
        public string Invariant { get; set; } = "";
    }
}

namespace Orleans.Polyfill
{
    /// <summary>Keeps reminders in memory, for all silos of the process.</summary>
    internal sealed class MemoryReminderTable(SiloRuntime silo) : IReminderTable
    {
        private Dictionary<(GrainId Grain, string Name), ReminderEntry> Rows => silo.Hub.Memory.Reminders;

        public Task<ReminderTableData> ReadRows(GrainId grainId) => Read(e => e.GrainId == grainId);

        public Task<ReminderTableData> ReadRows(uint begin, uint end) => Read(e =>
        {
            var hash = e.GrainId.GetUniformHashCode();
            return begin < end ? hash > begin && hash <= end : hash > begin || hash <= end;
        });

        public async Task<ReminderEntry?> ReadRow(GrainId grainId, string reminderName) =>
            (await Read(e => e.GrainId == grainId && e.ReminderName == reminderName)).Reminders.SingleOrDefault();

        public Task<string?> UpsertRow(ReminderEntry entry)
        {
            lock (Rows)
            {
                var key = (entry.GrainId, entry.ReminderName);
                var tag = Guid.NewGuid().ToString("N");
                Rows[key] = Copy(entry, tag);
                return Task.FromResult<string?>(tag);
            }
        }

        public Task<bool> RemoveRow(GrainId grainId, string reminderName, string eTag)
        {
            lock (Rows)
            {
                return Task.FromResult(Rows.TryGetValue((grainId, reminderName), out var row) && row.ETag == eTag && Rows.Remove((grainId, reminderName)));
            }
        }

        public Task TestOnlyClearTable()
        {
            lock (Rows)
            {
                Rows.Clear();
            }

            return Task.CompletedTask;
        }

        private static ReminderEntry Copy(ReminderEntry e, string tag) => new() { GrainId = e.GrainId, ReminderName = e.ReminderName, StartAt = e.StartAt, Period = e.Period, ETag = tag };

        private Task<ReminderTableData> Read(Func<ReminderEntry, bool> which)
        {
            lock (Rows)
            {
                return Task.FromResult(new ReminderTableData(Rows.Values.Where(which).Select(e => Copy(e, e.ETag!)).ToList()));
            }
        }
    }

    /// <summary>The reminder table through the OrleansQuery rows.</summary>
    internal sealed class AdoNetReminderTable(SiloRuntime silo, IOptions<AdoNetReminderTableOptions> options) : IReminderTable
    {
        private const string Upsert = "UpsertReminderRowKey", One = "ReadReminderRowKey", OfGrain = "ReadReminderRowsKey", Range1 = "ReadRangeRows1Key",
            Range2 = "ReadRangeRows2Key", Delete = "DeleteReminderRowKey", DeleteAll = "DeleteReminderRowsKey";

        private Relational? database;

        private Relational Database => database ?? throw new InvalidOperationException("The reminder table has not started.");

        public async Task Init()
        {
            var opened = Relational.Open(options.Value.Invariant, options.Value.ConnectionString, options.Value.DataSource);
            await opened.LoadAsync([Upsert, One, OfGrain, Range1, Range2, Delete, DeleteAll], CancellationToken.None);
            database = opened;
        }

        public async Task StopAsync(CancellationToken cancellationToken = default)
        {
            if (database is { } open)
            {
                await open.DisposeAsync();
            }
        }

        public Task<ReminderTableData> ReadRows(GrainId grainId) => Read(OfGrain, c => c.Add("GrainId", grainId.ToString(), DbType.AnsiString));

        // Hashes are stored as signed numbers, and compared so.
        public Task<ReminderTableData> ReadRows(uint begin, uint end) => Read((int)begin < (int)end ? Range1 : Range2, c =>
        {
            c.Add("BeginHash", (int)begin, DbType.Int32);
            c.Add("EndHash", (int)end, DbType.Int32);
        });

        public async Task<ReminderEntry?> ReadRow(GrainId grainId, string reminderName) => (await Read(One, c => Key(c, grainId, reminderName))).Reminders.SingleOrDefault();

        public async Task<string?> UpsertRow(ReminderEntry entry)
        {
            var rows = await Database.QueryAsync(
                Upsert,
                c =>
                {
                    Service(c);
                    Key(c, entry.GrainId, entry.ReminderName);
                    c.Add("StartTime", entry.StartAt, DbType.DateTime);
                    var milliseconds = (long)entry.Period.TotalMilliseconds;
                    c.Add("Period", milliseconds <= int.MaxValue ? (int)milliseconds : milliseconds, milliseconds <= int.MaxValue ? DbType.Int32 : DbType.Int64);
                    c.Add("GrainHash", (int)entry.GrainId.GetUniformHashCode(), DbType.Int32);
                },
                reader => reader.Number("Version"));
            return rows.Count == 1 && rows[0] is { } version ? version.ToString(CultureInfo.InvariantCulture) : null;
        }

        public async Task<bool> RemoveRow(GrainId grainId, string reminderName, string eTag)
        {
            var rows = await Database.QueryAsync(
                Delete,
                c =>
                {
                    Service(c);
                    Key(c, grainId, reminderName);
                    c.Add("Version", int.Parse(eTag, CultureInfo.InvariantCulture), DbType.Int32);
                },
                reader => reader.Number(0));
            return rows.Count > 0 && rows[0] is > 0;
        }

        public Task TestOnlyClearTable() => Database.ExecuteAsync(DeleteAll, Service);

        private static void Key(DbCommand command, GrainId grainId, string reminderName)
        {
            command.Add("GrainId", grainId.ToString(), DbType.AnsiString);
            command.Add("ReminderName", reminderName, DbType.String);
        }

        private static ReminderEntry Row(DbDataReader reader) => new()
        {
            GrainId = GrainId.Parse(reader.GetString(reader.GetOrdinal("GrainId"))),
            ReminderName = reader.GetString(reader.GetOrdinal("ReminderName")),
            StartAt = DateTime.SpecifyKind(reader.GetDateTime(reader.GetOrdinal("StartTime")), DateTimeKind.Utc),
            Period = TimeSpan.FromMilliseconds(reader.GetInt64(reader.GetOrdinal("Period"))),
            ETag = reader.Number("Version")!.Value.ToString(CultureInfo.InvariantCulture),
        };

        private void Service(DbCommand command) => command.Add("ServiceId", silo.ServiceId, DbType.String);

        private async Task<ReminderTableData> Read(string query, Action<DbCommand> parameters)
        {
            // A row without a name is what an outer join gives when there is none.
            var rows = await Database.QueryAsync(
                query,
                c =>
                {
                    Service(c);
                    parameters(c);
                },
                reader => reader.IsDBNull(reader.GetOrdinal("ReminderName")) ? null : Row(reader));
            return new(rows.OfType<ReminderEntry>());
        }
    }
}
