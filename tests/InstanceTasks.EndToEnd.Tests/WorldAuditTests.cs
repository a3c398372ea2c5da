using InstanceTasks.TestKit;
using Microsoft.Data.Sqlite;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>The audit that every crash test ends with finds what it is there to find: each planted difference between store and world is reported.</summary>
[Collection(PreparedCollection.Name)]
public sealed class WorldAuditTests(PreparedDirectory prepared)
{
    private static readonly string Unknown = Guid.NewGuid().ToString();

    [Fact]
    public void Compare_UntouchedDirectory_FindsNothing()
    {
        var report = WorldAudit.Compare(prepared.Path);
        Assert.Empty(report.Problems);
        Assert.True(report.Compared > 50, $"only {report.Compared} comparisons");
    }

    [Theory]
    [InlineData("a machine is gone", "UPDATE machines SET disk = 0, defined = 0 WHERE rowid_ = 1", "has no machine")]
    [InlineData("a disk is gone", "UPDATE machines SET disk = 0 WHERE rowid_ = 1", "is incomplete")]
    [InlineData("a machine has another power state", "UPDATE machines SET power = CASE power WHEN 1 THEN 4 ELSE 1 END WHERE rowid_ = 1", "but its machine is")]
    [InlineData("a machine is larger", "UPDATE machines SET vcpus = vcpus + 1 WHERE rowid_ = 1", "but its machine")]
    [InlineData("a machine is set aside", "UPDATE machines SET aside = 1, aside_vcpus = 1 WHERE rowid_ = 1", "what is set aside takes")]
    [InlineData("a machine is on another host", "UPDATE machines SET host = (SELECT name FROM hosts WHERE name <> machines.host LIMIT 1) WHERE rowid_ = 1", "but its machine on")]
    [InlineData("a server has two machines", "INSERT INTO machines (host, machine, disk, defined, power, name, image, vcpus, memory_mb, disk_gb) SELECT (SELECT name FROM hosts WHERE name <> m.host LIMIT 1), machine, disk, defined, power, name, image, vcpus, memory_mb, disk_gb FROM machines m WHERE rowid_ = 1", "has 2 machines")]
    [InlineData("a machine belongs to nobody", "INSERT INTO machines (host, machine, disk, defined, power, name, image, vcpus, memory_mb, disk_gb) SELECT host, '$unknown', disk, defined, power, name, image, vcpus, memory_mb, disk_gb FROM machines WHERE rowid_ = 1", "belongs to no server")]
    [InlineData("an effect happened twice", "UPDATE effects SET count = 2 WHERE rowid_ = 1", "2 times under one stamp")]
    [InlineData("an effect never happened", "UPDATE operations SET applied = 0 WHERE id = (SELECT min(id) FROM operations)", "the world knows of no effect")]
    [InlineData("an operation never ended", "UPDATE operations SET state = 'begun' WHERE id = (SELECT max(id) FROM operations)", "nobody has seen end")]
    [InlineData("an effect was repeated without a kill", "INSERT INTO operations SELECT 1000000, host, machine, verb, task, step, direction, key, replace(stamp, '.00000001.', '.00000002.'), name, image, vcpus, memory_mb, disk_gb, begun_at + 1, ends_at, ended_at, NULL, state, plan, abort_rule, fault, planned_failure, applied, power, failure, aborted_by, pid, instance, password FROM operations WHERE id = (SELECT min(id) FROM operations)", "without a kill in between")]
    public void Compare_WorldTampered_ReportsIt(string what, string sql, string expected) => Check(what, "operations", sql, expected);

    [Theory]
    [InlineData("a claim is gone", "DELETE FROM claims WHERE rowid_ = 1", "without a claim")]
    [InlineData("a claim is left over", "INSERT INTO claims SELECT host, '$unknown', task_id, vcpus, memory_mb, disk_gb FROM claims WHERE rowid_ = 1", "without a machine")]
    [InlineData("a host says that more is taken", "UPDATE hosts SET taken_vcpus = taken_vcpus + 1 WHERE rowid_ = 1", "its claims")]
    [InlineData("quota leaked", "UPDATE quota SET instances = instances + 1", "quota says")]
    [InlineData("a server is still held", "UPDATE instances SET body = json_set(body, '$.holder', json_object('id', id, 'kind', 'stop', 'request', 'req-x')) WHERE rowid_ = 1", "is still held by")]
    [InlineData("a task has not ended", "UPDATE tasks SET body = json_set(body, '$.run', 'Running', '$.outcome', 'None') WHERE rowid_ = 1", "has not ended")]
    [InlineData("a task is not what its events say", "UPDATE tasks SET body = json_set(body, '$.epoch', 99) WHERE rowid_ = 1", "is not what its events lead to")]
    public void Compare_StoreTampered_ReportsIt(string what, string sql, string expected) => Check(what, "task_events", sql, expected);

    [Fact]
    public void Compare_AcceptedTaskIsNotThere_ReportsIt()
    {
        var report = WorldAudit.Compare(prepared.Path, [new AcceptedRequest("stop", Guid.NewGuid(), Guid.NewGuid(), "succeeded")]);
        Assert.Contains(report.Problems, p => p.StartsWith("accepted and lost", StringComparison.Ordinal));
    }

    [Fact]
    public void Compare_AcceptedTaskEndedOtherwise_ReportsIt()
    {
        var task = new StoreReader(prepared.Path).ReadTasks()[0];
        var report = WorldAudit.Compare(prepared.Path, [new AcceptedRequest(task.Kind.Name, task.Instance.Value, task.Id.Value, "canceled")]);
        Assert.Contains(report.Problems, p => p.Contains("not canceled", StringComparison.Ordinal));
    }

    private void Check(string what, string table, string sql, string expected)
    {
        using var data = new TempDirectory("audit");
        data.CopyFrom(prepared.Path);
        var changed = Tamper(data.Path, table, sql);
        Assert.True(changed > 0, $"'{what}' changed nothing");
        var problems = WorldAudit.Compare(data.Path).Problems;
        Assert.True(problems.Any(p => p.Contains(expected, StringComparison.Ordinal)), $"'{what}' was not found:{Environment.NewLine}{string.Join(Environment.NewLine, problems)}");
    }

    private static int Tamper(string directory, string table, string sql)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = SqliteReader.Find(directory, table), Pooling = false }.ConnectionString);
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Only the constants above arrive here.
        command.CommandText = Expand(sql);
#pragma warning restore CA2100
        return command.ExecuteNonQuery();
    }

    /// <summary><c>rowid_ = 1</c> stands for the first row that means something; tables without row ids have none of their own.</summary>
    private static string Expand(string sql)
    {
        var first = sql switch
        {
            _ when sql.Contains("machines", StringComparison.Ordinal) => "machine = (SELECT min(machine) FROM machines WHERE disk <> 0)",
            _ when sql.Contains("effects", StringComparison.Ordinal) => "key = (SELECT min(key) FROM effects)",
            _ when sql.Contains("claims", StringComparison.Ordinal) => "instance_id = (SELECT min(instance_id) FROM claims)",
            _ when sql.Contains("hosts", StringComparison.Ordinal) => "name = (SELECT min(name) FROM hosts)",
            _ when sql.Contains("instances", StringComparison.Ordinal) => "id = (SELECT min(id) FROM instances)",
            _ => "id = (SELECT min(id) FROM tasks)",
        };
        return sql.Replace("rowid_ = 1", first, StringComparison.Ordinal).Replace("$unknown", Unknown, StringComparison.Ordinal);
    }
}
