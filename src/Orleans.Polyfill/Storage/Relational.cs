using System.Data;
using System.Data.Common;
using System.Reflection;

namespace Orleans.Polyfill;

/// <summary>A database reached through a driver that is found by its invariant, with the statements of its OrleansQuery table.</summary>
internal sealed class Relational : IAsyncDisposable
{
    private static readonly Dictionary<string, string> Factories = new(StringComparer.Ordinal)
    {
        ["Npgsql"] = "Npgsql.NpgsqlFactory, Npgsql",
        ["Microsoft.Data.SqlClient"] = "Microsoft.Data.SqlClient.SqlClientFactory, Microsoft.Data.SqlClient",
        ["MySql.Data.MySqlClient"] = "MySql.Data.MySqlClient.MySqlClientFactory, MySql.Data",
        ["MySql.Data.MySqlConnector"] = "MySqlConnector.MySqlConnectorFactory, MySqlConnector",
        ["Oracle.DataAccess.Client"] = "Oracle.ManagedDataAccess.Client.OracleClientFactory, Oracle.ManagedDataAccess",
        ["System.Data.SQLite"] = "Microsoft.Data.Sqlite.SqliteFactory, Microsoft.Data.Sqlite",
    };

    private readonly DbDataSource source;
    private readonly bool owned;
    private Dictionary<string, string> queries = [];

    private Relational(DbDataSource source, bool owned)
    {
        this.source = source;
        this.owned = owned;
    }

    public static Relational Open(string invariant, string? connectionString, DbDataSource? dataSource) =>
        dataSource is not null ? new(dataSource, false) : new(Factory(invariant).CreateDataSource(connectionString!), true);

    /// <summary>Reads the statements.</summary>
    public async Task LoadAsync(IReadOnlyCollection<string> required, CancellationToken token)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        await using var command = source.CreateCommand("SELECT QueryKey, QueryText FROM OrleansQuery");
        await using var reader = await command.ExecuteReaderAsync(token);
        while (await reader.ReadAsync(token))
        {
            found[reader.GetString(0)] = reader.GetString(1);
        }

        var missing = required.Where(k => !found.ContainsKey(k)).ToList();
        if (missing.Count > 0)
        {
            throw new ArgumentException($"Not all required queries found. Missing are: {string.Join(",", missing)}");
        }

        queries = found;
    }

    /// <summary>Whether an optional statement is there.</summary>
    public bool Has(string key) => queries.ContainsKey(key);

    public Task<List<T>> QueryAsync<T>(string key, Action<DbCommand> parameters, Func<DbDataReader, T> row, CancellationToken token = default) =>
        ReadAsync(key, parameters, row, token);

    public async Task ExecuteAsync(string key, Action<DbCommand> parameters, CancellationToken token = default)
    {
        await using var command = Command(key, parameters);
        await command.ExecuteNonQueryAsync(token);
    }

    public ValueTask DisposeAsync() => owned ? source.DisposeAsync() : ValueTask.CompletedTask;

    private static DbProviderFactory Factory(string invariant)
    {
        var name = Factories.TryGetValue(invariant, out var known) ? known : throw new KeyNotFoundException($"The invariant \"{invariant}\" is not known. Known are {string.Join(", ", Factories.Keys)}.");
        var type = Type.GetType(name) ?? throw new InvalidOperationException($"The driver of invariant \"{invariant}\", {name}, is not there: reference its package.");
        return (DbProviderFactory)type.GetField("Instance", BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!;
    }

    private async Task<List<T>> ReadAsync<T>(string key, Action<DbCommand> parameters, Func<DbDataReader, T> row, CancellationToken token)
    {
        await using var command = Command(key, parameters);
        await using var reader = await command.ExecuteReaderAsync(token);
        var rows = new List<T>();
        // As the real provider reads: result sets one after another, up to the first that is empty.
        while (reader.HasRows)
        {
            while (await reader.ReadAsync(token))
            {
                rows.Add(row(reader));
            }

            await reader.NextResultAsync(token);
        }

        return rows;
    }

    private DbCommand Command(string key, Action<DbCommand> parameters)
    {
        var command = source.CreateCommand(queries[key]);
        parameters(command);
        return command;
    }
}

/// <summary>Parameters and columns, by name.</summary>
internal static class RelationalExtensions
{
    public static void Add(this DbCommand command, string name, object? value, DbType type)
    {
        var parameter = command.CreateParameter();
        parameter.ParameterName = name;
        parameter.DbType = type;
        parameter.Value = value ?? DBNull.Value;
        command.Parameters.Add(parameter);
    }

    public static int? Number(this DbDataReader reader, int column) => reader.IsDBNull(column) ? null : Convert.ToInt32(reader.GetValue(column), System.Globalization.CultureInfo.InvariantCulture);

    public static int? Number(this DbDataReader reader, string column) => reader.Number(reader.GetOrdinal(column));
}
