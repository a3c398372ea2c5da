using InstanceTasks.Api.Tests.OpenApi;
using InstanceTasks.Storage;
using InstanceTasks.TestKit.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit.Abstractions;

namespace InstanceTasks.Api.Tests.BadInput;

/// <summary>A share of the bad input against the real engine on real stores, which have rules of their own about texts and numbers.</summary>
public sealed class BadInputStoreTests(DescribedApi described, ITestOutputHelper output) : IClassFixture<DescribedApi>
{
    private const int Share = 1_500;
    private const int FullShare = 20_000;

    [Fact]
    public Task Send_OnSqlite_EachIsRefusedOrExplainsWhatIsThere() => RunAsync("SQLite", null, Share);

    [Fact]
    [Trait("Requires", "postgresql")]
    public Task Send_OnPostgres_EachIsRefusedOrExplainsWhatIsThere() => RunAsync("PostgreSQL", OpenPostgresAsync, Share);

    [Fact]
    [Trait("Category", "Full")]
    public Task Send_ManyOnSqlite_EachIsRefusedOrExplainsWhatIsThere() => RunAsync("SQLite", null, FullShare);

    [Fact]
    [Trait("Category", "Full")]
    [Trait("Requires", "postgresql")]
    public Task Send_ManyOnPostgres_EachIsRefusedOrExplainsWhatIsThere() => RunAsync("PostgreSQL", OpenPostgresAsync, FullShare);

    private async Task RunAsync(string store, Func<string, Task<IInstanceTasksStore>>? open, int count)
    {
        await using (var target = await StoreTarget.StartAsync(described, open))
        {
            // Other requests than those of the run over fakes.
            var run = new BadInputRun(target, described.Docs, target.Url, BadInputRun.SeedOfToday + 1_000_000_000);
            await run.SendAsync(count);
            var unexplained = await target.UnexplainedAsync();

            output.WriteLine($"report: {run.Sent} requests of bad input on {store}");
            run.Statistics(byMutation: false).ToList().ForEach(output.WriteLine);
            Assert.True(run.Problems.Count == 0, string.Join(Environment.NewLine, run.Problems));
            Assert.Empty(unexplained);
        }

        NpgsqlConnection.ClearAllPools();
    }

    private static async Task<IInstanceTasksStore> OpenPostgresAsync(string dataDirectory)
    {
        var server = PostgresServer.Shared;
        var options = new PostgresStorageOptions { ConnectionString = server.ConnectionString(await server.CreateDatabaseAsync()), SecretKeyFile = Path.Combine(dataDirectory, "secret.key") };
        return await PostgresStore.OpenAsync(options, TimeProvider.System, NullLoggerFactory.Instance);
    }
}
