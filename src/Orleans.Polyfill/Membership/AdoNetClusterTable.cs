using System.Collections.Immutable;
using System.Data;
using System.Data.Common;
using System.Net;
using Orleans.Runtime;

namespace Orleans.Polyfill;

/// <summary>The membership table through the OrleansQuery rows (orleans-api.md 4.1).</summary>
internal sealed class AdoNetClusterTable(string cluster, string invariant, string? connectionString, DbDataSource? source) : IClusterTable
{
    private const string InsertVersion = "InsertMembershipVersionKey", Insert = "InsertMembershipKey", Update = "UpdateMembershipKey", UpdateAlive = "UpdateIAmAlivetimeKey",
        ReadRow = "MembershipReadRowKey", ReadAll = "MembershipReadAllKey", Gateways = "GatewaysQueryKey", Delete = "DeleteMembershipTableEntriesKey",
        CleanAll = "CleanupDefunctSiloEntriesKey", CleanOne = "CleanupDefunctSiloEntryKey";

    private Relational? database;

    private Relational Database => database ?? throw new InvalidOperationException("The membership table has not started.");

    public async Task InitAsync(CancellationToken token)
    {
        await OpenAsync([InsertVersion, Insert, Update, UpdateAlive, ReadRow, ReadAll, Gateways, Delete, CleanAll], token);
        await Database.QueryAsync(InsertVersion, Cluster, reader => reader.Number(0), token);
    }

    /// <summary>For a client, which only reads the gateways.</summary>
    public Task OpenForGatewaysAsync(CancellationToken token) => OpenAsync([Gateways], token);

    public Task<List<SiloAddress>> ReadGatewaysAsync(CancellationToken token) => Database.QueryAsync(
        Gateways,
        c =>
        {
            Cluster(c);
            c.Add("Status", (int)SiloStatus.Active, DbType.Int32);
        },
        reader => SiloAddress.New(IPAddress.Parse(Text(reader, "Address")), reader.Number("ProxyPort")!.Value, reader.Number("Generation")!.Value),
        token);

    public async Task<ClusterSnapshot> ReadAsync(CancellationToken token)
    {
        var rows = await Database.QueryAsync(ReadAll, Cluster, reader => (Version: reader.Number("Version") ?? 0, Member: Row(reader)), token);
        return rows.Count == 0
            ? throw new OrleansException($"The membership table has no version row of cluster {cluster}: it was deleted while silos ran.")
            : new(rows[0].Version, [.. rows.Select(r => r.Member).OfType<Member>()]);
    }

    public Task<bool> InsertAsync(Member member, int version, CancellationToken token) => ChangeAsync(
        Insert,
        c =>
        {
            Key(c, member);
            c.Add("SiloName", member.Name, DbType.String);
            c.Add("HostName", member.HostName, DbType.String);
            c.Add("Status", (int)member.Status, DbType.Int32);
            c.Add("ProxyPort", member.ProxyPort, DbType.Int32);
            c.Add("StartTime", member.Start, DbType.DateTime);
            c.Add("IAmAliveTime", member.Alive, DbType.DateTime);
            c.Add("Version", version, DbType.Int32);
        },
        token);

    public Task<bool> UpdateAsync(Member member, int version, CancellationToken token) => ChangeAsync(
        Update,
        c =>
        {
            Key(c, member);
            c.Add("Status", (int)member.Status, DbType.Int32);
            c.Add("SuspectTimes", Suspicion.Write(member.Suspicions), DbType.String);
            c.Add("IAmAliveTime", member.Alive, DbType.DateTime);
            c.Add("Version", version, DbType.Int32);
        },
        token);

    public Task UpdateAliveAsync(Member member, CancellationToken token) => Database.ExecuteAsync(
        UpdateAlive,
        c =>
        {
            Key(c, member);
            c.Add("IAmAliveTime", member.Alive, DbType.DateTime);
        },
        token);

    public async Task CleanAsync(DateTime before, CancellationToken token)
    {
        if (!Database.Has(CleanOne))
        {
            await Database.ExecuteAsync(
                CleanAll,
                c =>
                {
                    Cluster(c);
                    c.Add("IAmAliveTime", before, DbType.DateTime);
                },
                token);
            return;
        }

        foreach (var member in (await ReadAsync(token)).Members.Where(m => m.Status == SiloStatus.Dead && m.Start < before && m.Alive < before && m.Suspicions.All(s => s.Time < before)))
        {
            await Database.ExecuteAsync(
                CleanOne,
                c =>
                {
                    Key(c, member);
                    c.Add("SuspectTimes", Suspicion.Write(member.Suspicions), DbType.String);
                    c.Add("StartTime", member.Start, DbType.DateTime);
                    c.Add("IAmAliveTime", member.Alive, DbType.DateTime);
                },
                token);
        }
    }

    public ValueTask DisposeAsync() => database?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static Member? Row(DbDataReader reader) => reader.IsDBNull(reader.GetOrdinal("StartTime")) ? null : new(
        SiloAddress.New(IPAddress.Parse(Text(reader, "Address")), reader.Number("Port")!.Value, reader.Number("Generation")!.Value),
        Text(reader, "SiloName"),
        Text(reader, "HostName"),
        (SiloStatus)reader.Number("Status")!.Value,
        reader.Number("ProxyPort") ?? 0,
        reader.IsDBNull(reader.GetOrdinal("SuspectTimes")) ? [] : Suspicion.Parse(Text(reader, "SuspectTimes")),
        Time(reader, "StartTime"),
        Time(reader, "IAmAliveTime"));

    private static string Text(DbDataReader reader, string column) => reader.GetString(reader.GetOrdinal(column));

    private static DateTime Time(DbDataReader reader, string column) => DateTime.SpecifyKind(reader.GetDateTime(reader.GetOrdinal(column)), DateTimeKind.Utc);

    private async Task OpenAsync(string[] queries, CancellationToken token)
    {
        var opened = Relational.Open(invariant, connectionString, source);
        try
        {
            await opened.LoadAsync(queries, token);
        }
        catch
        {
            await opened.DisposeAsync();
            throw;
        }

        database = opened;
    }

    private void Cluster(DbCommand command) => command.Add("DeploymentId", cluster, DbType.String);

    private void Key(DbCommand command, Member member)
    {
        Cluster(command);
        command.Add("Address", member.Address.Endpoint.Address.ToString(), DbType.AnsiString);
        command.Add("Port", member.Address.Endpoint.Port, DbType.Int32);
        command.Add("Generation", member.Address.Generation, DbType.Int32);
    }

    private async Task<bool> ChangeAsync(string query, Action<DbCommand> parameters, CancellationToken token) =>
        (await Database.QueryAsync(query, parameters, reader => reader.Number(0), token)).FirstOrDefault() is > 0;
}
