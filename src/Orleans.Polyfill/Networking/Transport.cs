using System.Collections.Concurrent;
using System.Net;
using Orleans.Runtime;

namespace Orleans.Polyfill;

/// <summary>What a transport tells of.</summary>
internal interface ITransportEvents
{
    /// <summary>Whether the silo may not connect any more, because the others have declared it dead.</summary>
    bool IsDead(SiloAddress silo);

    /// <summary>A record from a silo (to whose address answers go), or from a client (which is answered on its connection).</summary>
    void Received(SiloAddress? from, Connection connection, byte[] record);

    /// <summary>A connection with a silo ended, or could not be made: then nothing that waited was sent.</summary>
    void Lost(SiloAddress silo, Exception? why, bool connected);

    /// <summary>A client is gone.</summary>
    void ClientLost(Connection connection);

    /// <summary>Another silo says that this one is dead.</summary>
    void TakenForDead();
}

internal enum SendResult
{
    Queued,
    Full,
    Unreachable,
}

/// <summary>Who this process is among those it connects with; a client has no address.</summary>
internal sealed record TransportSettings(string Cluster, SiloAddress? Self, string Secret, TimeSpan OpenTimeout, TimeSpan RetryDelay)
{
    public const int MaxRecord = 128 * 1024 * 1024;

    /// <summary>Connections that have not proved themselves yet; more are closed at once.</summary>
    public int MaxStrangers { get; init; } = 64;

    public int QueuedRecords { get; init; } = 16 * 1024;

    public long QueuedBytes { get; init; } = 256 * 1024 * 1024;
}

/// <summary>
/// The connections of one process: one that it makes to each silo it sends to, and those that others make to it. Answers to a silo go over the
/// own connection to it, answers to a client over the client's.
/// </summary>
internal sealed class Transport : IAsyncDisposable
{
    private readonly TransportSettings settings;
    private readonly ClusterSecret secret;
    private readonly ITransportEvents events;
    private readonly TimeProvider clock;
    private readonly SiloLog log;
    private readonly ConcurrentDictionary<SiloAddress, Outbound> outbounds = new();
    private readonly ConcurrentDictionary<SiloAddress, long> failed = new();
    private readonly ConcurrentDictionary<Connection, SiloAddress?> inbounds = new();
    private readonly ConcurrentDictionary<Task, bool> running = new();
    private readonly CancellationTokenSource closing = new();
    private readonly List<LinkListener> listeners = [];
    private volatile byte[]? leaving;
    private int greeting;

    public Transport(TransportSettings settings, ITransportEvents events, TimeProvider clock, SiloLog log)
    {
        this.settings = settings;
        this.events = events;
        this.clock = clock;
        this.log = log;
        secret = new(settings.Secret, settings.Cluster);
    }

    /// <summary>Nothing waits to be sent to a silo.</summary>
    public bool IsFlushed => outbounds.Values.All(o => o.Ended || o.Queue.IsEmpty);

    /// <summary>Clients, and whoever is about to be one.</summary>
    public int ClientCount => inbounds.Count(i => i.Value is null) + Volatile.Read(ref greeting);

    public async Task ListenAsync(IPEndPoint endpoint, CancellationToken token)
    {
        var listener = new LinkListener(secret, settings, clock, log, ServeTrackedAsync);
        lock (listeners)
        {
            listeners.Add(listener);
        }

        await listener.StartAsync(endpoint, token);
        if (closing.IsCancellationRequested)
        {
            await listener.DisposeAsync();
        }
    }

    /// <summary>Queues a record for a silo, connecting if there is no connection.</summary>
    public SendResult Send(SiloAddress silo, byte[] record)
    {
        while (!closing.IsCancellationRequested)
        {
            if (outbounds.TryGetValue(silo, out var existing))
            {
                if (existing.Queue.TryAdd(record))
                {
                    return SendResult.Queued;
                }

                if (!existing.Ended && !existing.Queue.IsClosed)
                {
                    return SendResult.Full;
                }

                outbounds.TryRemove(KeyValuePair.Create(silo, existing));
            }

            if (failed.TryGetValue(silo, out var since) && clock.GetElapsedTime(since) < settings.RetryDelay)
            {
                return SendResult.Unreachable;
            }

            var made = new Outbound(new(settings.QueuedRecords, settings.QueuedBytes));
            if (outbounds.TryAdd(silo, made))
            {
                Track(RunAsync(silo, made));
            }
        }

        return SendResult.Unreachable;
    }

    /// <summary>Ends all connections with a silo.</summary>
    public void Drop(SiloAddress silo)
    {
        failed.TryRemove(silo, out _);
        if (outbounds.TryRemove(silo, out var outbound))
        {
            outbound.Close();
        }

        foreach (var (connection, _) in inbounds.Where(i => silo.Equals(i.Value)))
        {
            connection.Close();
        }
    }

    /// <summary>Sends what waits for a silo, and ends the connection to it.</summary>
    public void Finish(SiloAddress silo)
    {
        if (outbounds.TryGetValue(silo, out var outbound))
        {
            outbound.Queue.Close();
        }
    }

    /// <summary>Ends everything at once, as the end of the process would.</summary>
    public void Cut()
    {
        closing.Cancel();
        lock (listeners)
        {
            listeners.ForEach(l => Track(l.DisposeAsync().AsTask()));
            listeners.Clear();
        }

        foreach (var outbound in outbounds.Values)
        {
            outbound.Close();
        }

        foreach (var connection in inbounds.Keys)
        {
            connection.Close();
        }
    }

    /// <summary>Tells every client that this silo stops, and takes no further one: it would be cut off with its first calls under way.</summary>
    public void SendClientsAway(byte[] record)
    {
        leaving = record;
        foreach (var (connection, _) in inbounds.Where(i => i.Value is null))
        {
            connection.TrySend(record);
        }
    }

    /// <summary>Takes nothing more, sends what waits, and ends.</summary>
    public async Task DrainAsync(TimeSpan limit)
    {
        var all = outbounds.Values.ToList();
        all.ForEach(o => o.Queue.Close());
        await Task.WhenAll(all.Select(o => o.Done)).WaitAsync(limit, clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Cut();
    }

    public async ValueTask DisposeAsync()
    {
        Cut();
        await Task.WhenAll(running.Keys);
    }

    private void Track(Task task)
    {
        running[task] = true;
        task.ContinueWith(static (t, all) => ((ConcurrentDictionary<Task, bool>)all!).TryRemove(t, out _), running, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private async Task RunAsync(SiloAddress silo, Outbound outbound)
    {
        await Task.Yield();
        // One that was replaced while it waits for the other side is in no list any more.
        using var cut = closing.Token.UnsafeRegister(static o => ((Outbound)o!).Close(), outbound);
        Exception? why;
        var (connected, finished) = (false, false);
        try
        {
            var link = await OpenAsync(silo);
            connected = true;
            failed.TryRemove(silo, out _);
            var connection = new Connection(link, outbound.Queue, settings.OpenTimeout, clock);
            outbound.Use(connection);
            why = await connection.RunAsync(record => events.Received(silo, connection, record));
            finished = connection.IsFinished;
        }
        catch (Exception error)
        {
            why = error;
            failed[silo] = clock.GetTimestamp();
            log.ConnectionFailed(silo.ToString(), error.Message);
        }

        outbound.End();
        outbound.Queue.Close();
        outbounds.TryRemove(KeyValuePair.Create(silo, outbound));
        // What has been said on one that was ended on purpose is done, and the next one, if there is one, may have calls under way.
        if (!closing.IsCancellationRequested && !(finished && outbounds.ContainsKey(silo)))
        {
            events.Lost(silo, why, connected);
        }
    }

    private async Task<RecordLink> OpenAsync(SiloAddress silo)
    {
        using var limit = new CancellationTokenSource(settings.OpenTimeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, closing.Token);
        var link = await LinkCaller.OpenAsync(silo.Endpoint, secret, settings.OpenTimeout, either.Token);
        try
        {
            link.Append(new Hello(settings.Cluster, settings.Self, silo).Write());
            await link.FlushAsync(either.Token);
            var welcome = Welcome.Read(await link.ReadAsync(either.Token) ?? throw new EndOfStreamException("The connection ended before it was welcomed."));
            if (welcome.TakenForDead)
            {
                events.TakenForDead();
            }

            return welcome.Refusal is { } refusal ? throw new ConnectionRefusedException(refusal) : link;
        }
        catch
        {
            await link.DisposeAsync();
            throw;
        }
    }

    private Task ServeTrackedAsync(RecordLink link, string from)
    {
        var serving = ServeAsync(link, from);
        Track(serving);
        return serving;
    }

    private async Task ServeAsync(RecordLink link, string from)
    {
        if (await AdmitAsync(link, from) is not var (connection, hello))
        {
            return;
        }

        if (closing.IsCancellationRequested)
        {
            connection.Close();
        }

        if (hello.Silo is null && leaving is { } away)
        {
            // It was welcomed just before the others were sent away.
            connection.TrySend(away);
        }

        var why = await connection.RunAsync(record => events.Received(hello.Silo, connection, record));
        inbounds.TryRemove(connection, out _);
        if (hello.Silo is null)
        {
            events.ClientLost(connection);
        }
        else if (!closing.IsCancellationRequested)
        {
            events.Lost(hello.Silo, why, connected: true);
        }
    }

    private async Task<(Connection Connection, Hello Hello)?> AdmitAsync(RecordLink link, string from)
    {
        Interlocked.Increment(ref greeting);
        try
        {
            if (await GreetAsync(link, from) is not { } hello)
            {
                return null;
            }

            var connection = new Connection(link, new(settings.QueuedRecords, settings.QueuedBytes), settings.OpenTimeout, clock);
            inbounds[connection] = hello.Silo;
            return (connection, hello);
        }
        finally
        {
            Interlocked.Decrement(ref greeting);
        }
    }

    /// <summary>Who it is; null when it has been refused.</summary>
    private async Task<Hello?> GreetAsync(RecordLink link, string from)
    {
        using var limit = new CancellationTokenSource(settings.OpenTimeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, closing.Token);
        try
        {
            var hello = Hello.Read(await link.ReadAsync(either.Token) ?? throw new EndOfStreamException("The connection ended before it was introduced."));
            var dead = hello.Silo is { } silo && events.IsDead(silo);
            var refusal = RefusalOf(hello, dead);
            link.Append(new Welcome(refusal, dead).Write());
            await link.FlushAsync(either.Token);
            return refusal is null ? hello : throw await RefusedAsync(link, refusal, either.Token);
        }
        catch (Exception error)
        {
            log.StrangerRefused(from, error.Message);
            return null;
        }
    }

    // An answer that ends before its question may be dropped unread by the other side: whoever asked ends it first.
    private static async Task<ConnectionRefusedException> RefusedAsync(RecordLink link, string refusal, CancellationToken token)
    {
        await ((Task)link.ReadAsync(token)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return new(refusal);
    }

    private string? RefusalOf(Hello hello, bool dead) => hello.Cluster != settings.Cluster ? $"this is cluster '{settings.Cluster}', not '{hello.Cluster}'"
        : hello.Target.Generation != settings.Self!.Generation ? $"silo {hello.Target} is gone, here is {settings.Self} now"
        : dead ? $"silo {hello.Silo} has been declared dead"
        : hello.Silo is null && leaving is not null ? $"silo {settings.Self} is stopping"
        : null;

    /// <summary>What is sent to one silo, before and while there is a connection.</summary>
    private sealed class Outbound(OutgoingQueue queue)
    {
        private readonly Lock gate = new();
        private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Connection? connection;
        private bool closed;

        public OutgoingQueue Queue { get; } = queue;

        public bool Ended => done.Task.IsCompleted;

        public Task Done => done.Task;

        public void End() => done.TrySetResult();

        public void Use(Connection made)
        {
            lock (gate)
            {
                connection = made;
                if (closed)
                {
                    made.Close();
                }
            }
        }

        public void Close()
        {
            lock (gate)
            {
                closed = true;
                Queue.Close();
                connection?.Close();
            }
        }
    }
}
