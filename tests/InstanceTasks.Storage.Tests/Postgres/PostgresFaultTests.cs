using System.Net;
using System.Net.Sockets;
using Dapper;
using InstanceTasks.Engine;
using InstanceTasks.Storage.Tests.Conformance;
using InstanceTasks.TestKit;
using InstanceTasks.TestKit.Postgres;
using Npgsql;

namespace InstanceTasks.Storage.Tests.Postgres;

/// <summary>A server that restarts and a network that swallows answers. The server is this class's own.</summary>
[Trait("Requires", "postgresql")]
public sealed class PostgresFaultTests : IClassFixture<PostgresFaultTests.OwnServer>, IAsyncLifetime
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly PostgresServer _server;
    private PostgresFixture _fixture = null!;

    public PostgresFaultTests(OwnServer own) => _server = own.Server;

    private PostgresStore Store => _fixture.Store;

    public async Task InitializeAsync() => _fixture = await PostgresFixture.CreateAsync(server: _server);

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Restart_BetweenCommits_LosesNothingAndGoesOn(bool immediate)
    {
        var (before, after) = (Some.Task(), Some.Task());
        Assert.True((await Store.CommitAsync(Some.Commit(before))).Applied);
        var last = (await _fixture.ReadStreamAsync())[^1].StreamId;

        _server.Stop(immediate);
        _server.Start();

        Assert.Equal(1, (await Store.ReadTaskAsync(before.Id))!.Record.Seq);
        await Eventually.TrueAsync(() => PostgresLaneTests.IsAppliedAsync(Store, after), Deadline, "a commit goes through");
        var stream = await _fixture.ReadStreamAsync();
        Assert.Equal([before.Id, after.Id], stream.Select(s => s.Task));
        Assert.True(stream[^1].StreamId > last);
    }

    [Fact]
    public async Task Restart_InsideACommit_IsUnknownAndTheCommitCanBeDecidedAgain()
    {
        var (first, task) = (Some.Task(), Some.Task());
        await Store.CommitAsync(Some.Commit(first));
        Task<CommitResult> commit;
        await using (await PostgresLaneTests.LockCounterAsync(_fixture))
        {
            commit = Store.CommitAsync(Some.Commit(task));
            await PostgresLaneTests.WaitsForLockAsync(_fixture);
            _server.Stop();
        }

        await Assert.ThrowsAsync<CommitOutcomeUnknownException>(() => commit);
        Assert.True((await Assert.ThrowsAsync<CommitFailedException>(() => Store.CommitAsync(Some.Commit(task)))).StoreUnavailable);
        _server.Start();

        Assert.Null(await Store.ReadTaskAsync(task.Id));
        await Eventually.TrueAsync(() => PostgresLaneTests.IsAppliedAsync(Store, task), Deadline, "a commit goes through");
        Assert.Equal(2, (await _fixture.ReadStreamAsync()).Count);
    }

    [Fact]
    public async Task Read_TheServerIsAway_SaysThatItIs_AndIsAnsweredOnceItIsBack()
    {
        var task = Some.Task();
        await Store.CommitAsync(Some.Commit(task));
        _server.Stop();
        try
        {
            await Assert.ThrowsAsync<StoreUnavailableException>(() => Store.ReadTaskAsync(task.Id));
            await Assert.ThrowsAsync<StoreUnavailableException>(() => Store.GetUsageAsync(Some.Project));
            await Assert.ThrowsAsync<StoreUnavailableException>(() => Store.ReadStreamAsync(0, 10));
        }
        finally
        {
            _server.Start();
        }

        Assert.Equal(1, (await Store.ReadTaskAsync(task.Id))!.Record.Seq);
    }

    [Fact]
    public async Task RenewLease_EveryOtherConnectionIsBusy_DoesNotWaitForOne()
    {
        var options = PostgresFixture.NewOptions(_fixture.Options.ConnectionString);
        (options.Connections, options.LockTimeout, options.StatementTimeout, options.AnswerTimeout) = (1, Deadline, Deadline * 1.1, Deadline * 1.2);
        await using var busy = await PostgresFixture.OpenAsync(options);
        var generation = await busy.JoinAsync("busy", TimeSpan.FromMinutes(5));
        Task<int> reader;
        await using (await PostgresLaneTests.LockCounterAsync(_fixture))
        {
            reader = busy.OnConnectionAsync(c => c.ExecuteAsync("SELECT * FROM stream_counter FOR UPDATE"));

            Assert.True(await busy.RenewAsync(generation, TimeSpan.FromMinutes(5)).WaitAsync(Deadline / 2));
            Assert.Contains(await busy.ReadLiveAsync(), l => l.Generation == generation);
            Assert.False(reader.IsCompleted);
        }

        await reader;
    }

    [Fact]
    public async Task LostAcknowledgement_ConnectionEnds_IsUnknownAndWasApplied()
    {
        await using var proxy = new SwallowingProxy(_server.Port);
        await using var far = await PostgresFixture.OpenAsync(Through(proxy));
        await far.CommitAsync(Some.Commit(Some.Task()));
        var task = Some.Task();
        proxy.SwallowAnswers();
        var commit = far.CommitAsync(Some.Commit(task) with { Quota = [new(Some.Project, 1, 0, 0)] });
        await Eventually.TrueAsync(async () => await Store.ReadTaskAsync(task.Id) is not null, Deadline, "the commit is applied");

        proxy.CutAndHeal();

        await Assert.ThrowsAsync<CommitOutcomeUnknownException>(() => commit);
        Assert.Equal(CommitVerdict.TaskConflict, (await far.CommitAsync(Some.Commit(task) with { Quota = [new(Some.Project, 1, 0, 0)] })).Verdict);
        Assert.Equal(1, (await Store.GetUsageAsync(Some.Project)).Instances);
    }

    [Fact]
    public async Task LostAcknowledgement_OfABatch_EveryoneIsToldAndNothingIsRepeated()
    {
        await using var proxy = new SwallowingProxy(_server.Port);
        await using var far = await PostgresFixture.OpenAsync(Through(proxy));
        await far.CommitAsync(Some.Commit(Some.Task()));
        var tasks = Enumerable.Range(0, 50).Select(_ => Some.Task()).ToArray();
        proxy.SwallowAnswers();
        var release = new TaskCompletionSource();
        far.Lane.BeforeBatch = () => release.Task;
        var commits = tasks.Select(t => far.CommitAsync(Some.Commit(t) with { Quota = [new(Some.Project, 1, 0, 0)] })).ToArray();
        release.SetResult();
        await Eventually.TrueAsync(async () => await Store.ReadTaskAsync(tasks[^1].Id) is not null, Deadline, "the batch is applied");

        proxy.CutAndHeal();

        foreach (var commit in commits)
        {
            await Assert.ThrowsAsync<CommitOutcomeUnknownException>(() => commit);
        }

        Assert.Equal(50, (await Store.GetUsageAsync(Some.Project)).Instances);
        Assert.Equal(51, (await _fixture.ReadStreamAsync()).Count);
    }

    [Fact]
    public async Task LostAcknowledgement_ConnectionStaysSilent_IsUnknownAfterTheLimit()
    {
        await using var proxy = new SwallowingProxy(_server.Port);
        var options = Through(proxy);
        (options.LockTimeout, options.StatementTimeout, options.AnswerTimeout) = (TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(1));
        await using var far = await PostgresFixture.OpenAsync(options);
        await far.CommitAsync(Some.Commit(Some.Task()));
        var task = Some.Task();
        proxy.SwallowAnswers();

        await Assert.ThrowsAsync<CommitOutcomeUnknownException>(() => far.CommitAsync(Some.Commit(task)).WaitAsync(Deadline));

        proxy.CutAndHeal();
        await Eventually.TrueAsync(() => PostgresLaneTests.IsAppliedAsync(far, task), Deadline, "the store goes on");
        Assert.Equal(1, (await Store.ReadTaskAsync(task.Id))!.Record.Seq);
    }

    private PostgresStorageOptions Through(SwallowingProxy proxy)
    {
        var text = new NpgsqlConnectionStringBuilder(_fixture.Options.ConnectionString) { Port = proxy.Port, SslMode = SslMode.Disable, Timeout = 5 };
        return PostgresFixture.NewOptions(text.ConnectionString);
    }

    /// <summary>A server that other classes do not use.</summary>
    public sealed class OwnServer : IDisposable
    {
        public PostgresServer Server { get; } = new();

        public void Dispose() => Server.Dispose();
    }

    /// <summary>Passes bytes both ways until it is told to keep the server's answers to itself.</summary>
    private sealed class SwallowingProxy : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly List<TcpClient> _clients = [];
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _accepting;
        private readonly int _target;
        private volatile bool _swallows;

        public SwallowingProxy(int target)
        {
            _target = target;
            _listener.Start();
            _accepting = Task.Run(AcceptAsync);
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public void SwallowAnswers() => _swallows = true;

        public void CutAndHeal()
        {
            Cut();
            _swallows = false;
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            _listener.Stop();
            await _accepting;
            Cut();
            _stop.Dispose();
        }

        private void Cut()
        {
            lock (_clients)
            {
                _clients.ForEach(c => c.Dispose());
                _clients.Clear();
            }
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                    var server = new TcpClient();
                    await server.ConnectAsync(IPAddress.Loopback, _target, _stop.Token);
                    lock (_clients)
                    {
                        _clients.AddRange([client, server]);
                    }

                    _ = PumpAsync(client, server, isAnswer: false);
                    _ = PumpAsync(server, client, isAnswer: true);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // The end of the test.
            }
        }

        private async Task PumpAsync(TcpClient from, TcpClient to, bool isAnswer)
        {
            try
            {
                var buffer = new byte[16 * 1024];
                var (source, sink) = (from.GetStream(), to.GetStream());
                for (int read; (read = await source.ReadAsync(buffer, _stop.Token)) > 0;)
                {
                    if (!isAnswer || !_swallows)
                    {
                        await sink.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
                    }
                }
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
            {
                // Cut.
            }
        }
    }
}
