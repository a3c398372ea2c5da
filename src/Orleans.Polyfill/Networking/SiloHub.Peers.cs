using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Serialization.Wire;

namespace Orleans.Polyfill;

/// <summary>What arrives from other silos and from clients, and what silos ask of each other.</summary>
internal sealed partial class SiloHub
{
    private readonly ConcurrentDictionary<(Connection Client, long Id), long> relayed = new();
    private int handingOver;

    /// <summary>What was here when the cluster last changed is known to those who keep the places.</summary>
    public bool IsHandedOver => Volatile.Read(ref handingOver) == 0;

    /// <summary>No call waits here, runs here, or passes through.</summary>
    public bool IsIdle => PendingCount == 0 && running.IsEmpty && relayed.IsEmpty;


    public override Task CollectAsync(SiloAddress address, TimeSpan age) => address.Equals(Self)
        ? Task.WhenAll(Runtime.Catalog.CollectIdle(age))
        : AskAsync(address, Operations.Collect, age, ended.Token);

    public override async Task<int> CountAsync()
    {
        var others = active.Where(a => !a.Equals(Self)).Select(a => AskAsync(a, Operations.Count, null, ended.Token));
        return Runtime.Catalog.Count + (await Task.WhenAll(others)).Sum(c => (int)c!);
    }

    public override async Task<SimpleGrainStatistic[]> StatisticsAsync()
    {
        var others = active.Where(a => !a.Equals(Self)).Select(a => AskAsync(a, Operations.Statistics, null, ended.Token));
        return [.. Runtime.Catalog.Statistics(), .. (await Task.WhenAll(others)).SelectMany(s => (SimpleGrainStatistic[])s!)];
    }

    public override Task TellReminderAsync(SiloAddress owner, ReminderEntry entry, bool ended) => AskAsync(owner, Operations.Reminder, (entry, ended), this.ended.Token);

    public override void ClientLost(Connection connection)
    {
        foreach (var (key, id) in relayed.Where(r => r.Key.Client == connection))
        {
            relayed.TryRemove(key, out _);
            Forget(id);
        }
    }

    protected override void Read(SiloAddress? from, Connection connection, WireReader reader)
    {
        if (IsOver)
        {
            return;
        }

        var kind = (FrameKind)reader.Byte();
        switch (kind)
        {
            case FrameKind.Request:
                OnRequest(from, connection, RequestFrame.Read(reader));
                break;
            case FrameKind.Cancel:
                var cancel = CancelFrame.Read(reader);
                OnCancel(from is not null ? cancel : cancel with { Id = relayed.GetValueOrDefault((connection, cancel.Id)), Caller = Self });
                break;
            case FrameKind.Response when from is not null:
                Answer(ResponseFrame.Read(reader));
                break;
            case FrameKind.Moved when from is not null:
                Moved(MovedFrame.Read(reader));
                break;
            case FrameKind.System when from is not null:
                _ = ServeAsync(from, SystemFrame.Read(reader));
                break;
            default:
                throw WireReader.Broken($"a record of kind {kind} does not belong here");
        }
    }

    private void OnRequest(SiloAddress? from, Connection connection, RequestFrame frame)
    {
        if (from is null)
        {
            frame = frame with { Id = frame.Id == 0 ? 0 : Relayed(connection, frame), Caller = Self, Placed = 0, Pinned = false, View = View };
        }

        if (frame.View > view)
        {
            _ = RouteAfterLookAsync(frame);
        }
        else
        {
            TryRoute(frame);
        }
    }

    private long Relayed(Connection client, RequestFrame frame)
    {
        var id = Await(new Relay(this, client, frame));
        relayed[(client, frame.Id)] = id;
        return id;
    }

    /// <summary>Who sent it knows of a change that this silo has not seen yet.</summary>
    private async Task RouteAfterLookAsync(RequestFrame frame)
    {
        await membership!.TryRefreshAsync(frame.View);
        TryRoute(frame);
    }

    private void TryRoute(RequestFrame frame)
    {
        try
        {
            Route(frame);
        }
        catch (Exception error)
        {
            Respond(frame, null, error);
        }
    }

    private void Tell(SiloAddress silo, string operation, params object?[] arguments)
    {
        if (!Faults.IsCut(Self, silo))
        {
            Network.Send(silo, new SystemFrame(0, operation, Frame.Body(w => Array.ForEach(arguments, w.Value))).Write());
        }
    }

    private async Task<object?> AskAsync(SiloAddress silo, string operation, object? argument, CancellationToken token)
    {
        var call = new SystemCall(operation) { Target = silo };
        var id = Await(call);
        try
        {
            if (!Faults.IsCut(Self, silo) && Network.Send(silo, new SystemFrame(id, operation, Frame.Body(w => w.Value(argument))).Write()) is var sent and not SendResult.Queued)
            {
                throw Unsent(operation, silo, sent);
            }

            return await call.Task.WaitAsync(Runtime.MessagingOptions.ResponseTimeout, clock, token);
        }
        finally
        {
            Forget(id);
        }
    }

    private async Task ServeAsync(SiloAddress from, SystemFrame frame)
    {
        object? result = null;
        Exception? failure = null;
        try
        {
            result = await DoAsync(from, frame.Operation, new WireReader(frame.Body, Grains));
        }
        catch (Exception error)
        {
            failure = error;
        }

        if (frame.Id != 0 && !IsOver && !Faults.IsCut(Self, from))
        {
            Network.Send(from, ResponseFrame.Of(frame.Id, result, failure).Write());
        }
    }

    private async Task<object?> DoAsync(SiloAddress from, string operation, WireReader reader)
    {
        switch (operation)
        {
            case Operations.Probe:
                return null;
            case Operations.Nudge:
                await membership!.RefreshAsync((int)reader.Value()!, ended.Token);
                return null;
            case Operations.Reminder:
                var (entry, over) = ((ReminderEntry, bool))reader.Value()!;
                services.GetService<ReminderService>()?.Told(entry, over);
                return null;
            case Operations.Collect:
                await Task.WhenAll(Runtime.Catalog.CollectIdle((TimeSpan)reader.Value()!));
                return null;
            case Operations.Count:
                return Runtime.Catalog.Count;
            case Operations.Statistics:
                return Runtime.Catalog.Statistics();
            case Operations.Lookup:
                var grain = (GrainId)reader.Value()!;
                return Runtime.Catalog.Find(grain) is not null ? Self : directory.Find(grain);
            case Operations.Unregister:
                directory.Unregister((GrainId)reader.Value()!, from, (long)reader.Value()!);
                return null;
            case Operations.Register:
                return ((List<GrainId>)reader.Value()!).Where(g => Runtime.Catalog.Find(g) is not null || !directory.TryRegister(g, from, Lives)).ToList();
            default:
                throw new OrleansException($"Silo {Self} does not know how to {operation}: it is of another version.");
        }
    }

    /// <summary>Tells the silos that keep the places of grains from now on which of them are here.</summary>
    private void HandOver(SiloAddress[] before)
    {
        var live = active;
        directory.Keep((grain, host) => Lives(host) && live.Length > 0 && KeeperOf(live, grain).Equals(Self));
        foreach (var (grain, host) in known)
        {
            if (!Lives(host))
            {
                known.TryRemove(KeyValuePair.Create(grain, host));
            }
        }

        misplaced = true;
        if (live.Length == 0 || before.Length == 0)
        {
            return;
        }

        var moved = Runtime.Catalog.All.Select(a => a.GrainId).Select(g => (Grain: g, Keeper: KeeperOf(live, g))).Where(m => !m.Keeper.Equals(KeeperOf(before, m.Grain))).ToLookup(m => m.Keeper, m => m.Grain);
        foreach (var group in moved)
        {
            Interlocked.Increment(ref handingOver);
            _ = HandOverAsync(group.Key, [.. group]);
        }
    }

    private async Task HandOverAsync(SiloAddress keeper, List<GrainId> grains)
    {
        grains.ForEach(g => timesPlaced[g] = 1); // a new keeper counts anew
        try
        {
            if (keeper.Equals(Self))
            {
                grains.ForEach(g => directory.TryRegister(g, keeper, Lives));
                return;
            }

            var doubled = (List<GrainId>)(await AskAsync(keeper, Operations.Register, grains, ended.Token))!;
            foreach (var grain in doubled)
            {
                Runtime.Catalog.Find(grain)?.Deactivate(new(DeactivationReasonCode.DuplicateActivation, $"Silo {keeper} knows of another activation"));
            }

            if (doubled.Count > 0)
            {
                Log.DuplicatesEnded(doubled.Count);
            }
        }
        catch (Exception error) when (!IsOver)
        {
            Log.HandOverFailed(error, keeper.ToString());
        }
        catch (Exception) when (IsOver)
        {
            // the silo ends, and its activations with it
        }
        finally
        {
            Interlocked.Decrement(ref handingOver);
        }
    }

    /// <summary>Now and then.</summary>
    private void Tidy()
    {
        foreach (var relay in Waiting.OfType<Relay>().Where(r => r.IsOverdue))
        {
            relay.GiveUp();
        }

        Rebalance();
    }

    /// <summary>Ends idle activations that belong elsewhere since the cluster changed.</summary>
    private void Rebalance()
    {
        var live = active;
        if (!misplaced || IsOver || live.Length == 0)
        {
            return;
        }

        bool BelongsElsewhere(ActivationData a) => !KeeperOf(live, a.GrainId).Equals(Self) && Placer.IsByHash(Runtime, a.GrainId.Type);
        var count = Runtime.Catalog.EndIdle(BelongsElsewhere, IdleBeforeMoving);
        if (count > 0)
        {
            Log.Rebalanced(count);
        }

        misplaced = count > 0 || Runtime.Catalog.All.Any(BelongsElsewhere);
    }

    /// <summary>Names of what silos ask of each other.</summary>
    private static class Operations
    {
        public const string Probe = "probe", Nudge = "nudge", Reminder = "reminder", Collect = "collect", Count = "count", Statistics = "statistics", Lookup = "lookup", Register = "register", Unregister = "unregister";
    }

    /// <summary>A client's call, which this silo passes on under a number of its own.</summary>
    private sealed class Relay : PendingRemote
    {
        private readonly SiloHub hub;
        private readonly Connection client;
        private readonly long clientId;
        private readonly string what;
        private readonly long expiry;

        [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
        public Relay(SiloHub hub, Connection client, RequestFrame frame)
        {
            this.hub = hub;
            this.client = client;
            clientId = frame.Id;
            what = $"{frame.Method} to {frame.Target}";
            Grain = frame.Target;
            Target = hub.Self!;
            expiry = hub.Runtime.Sender.ExpiryOf(frame.TimeToLive);
        }

        public override GrainId? Grain { get; }

        /// <summary>Its client has long given up.</summary>
        public bool IsOverdue => expiry != 0 && hub.clock.GetTimestamp() > expiry;

        public void GiveUp()
        {
            hub.Forget(Id);
            hub.relayed.TryRemove((client, clientId), out _);
        }

        public override void Complete(ResponseFrame frame, GrainFactory grains) => Answer(frame with { Id = clientId });

        public override void Fail(Exception error) => Answer(ResponseFrame.Of(clientId, null, error));

        public override string ToString() => what;

        private void Answer(ResponseFrame frame)
        {
            hub.relayed.TryRemove((client, clientId), out _);
            client.TrySend(frame.Write());
        }
    }
}
