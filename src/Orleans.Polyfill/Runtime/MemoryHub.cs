using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace Orleans.Polyfill;

/// <summary>The in-memory network, membership and directory of the silos of one process.</summary>
internal sealed class MemoryHub : ClusterHub
{
    private readonly Lock gate = new();
    private readonly ConcurrentDictionary<GrainId, SiloAddress> directory = new();
    private readonly ConcurrentDictionary<SiloAddress, SiloRuntime> silos = new();
    private readonly ConcurrentDictionary<CallSender, bool> clients = new();
    private volatile SiloAddress[] active = [];

    public override MemoryStores Memory { get; } = new();

    public override IReadOnlyList<SiloAddress> Active => active;

    public void Join(CallSender client) => clients[client] = true;

    public override string? NameOf(SiloAddress address) => Find(address)?.Name;

    public override Task<int> CountAsync() => Task.FromResult(silos.Values.Sum(s => s.Catalog.Count));

    public override Task<SimpleGrainStatistic[]> StatisticsAsync() => Task.FromResult(silos.Values.SelectMany(s => s.Catalog.Statistics()).ToArray());

    public override Task CollectAsync(SiloAddress address, TimeSpan age) => Task.WhenAll(Find(address)?.Catalog.CollectIdle(age) ?? []);

    public override ValueTask<SiloAddress?> LookupAsync(GrainId grain) => ValueTask.FromResult(directory.GetValueOrDefault(grain));

    public override Task TellReminderAsync(SiloAddress owner, ReminderEntry entry, bool ended)
    {
        Find(owner)?.Services.GetService<ReminderService>()?.Told(entry, ended);
        return Task.CompletedTask;
    }

    public override Task SetStatusAsync(SiloRuntime silo, SiloStatus status, CancellationToken token)
    {
        SetStatus(silo, status);
        return Task.CompletedTask;
    }

    public override void Kill(SiloRuntime silo) => SetStatus(silo, SiloStatus.Dead);

    private SiloRuntime? Find(SiloAddress address) => silos.GetValueOrDefault(address);

    /// <summary>A silo has a new status, which every silo learns at once.</summary>
    private void SetStatus(SiloRuntime silo, SiloStatus status)
    {
        lock (gate)
        {
            if (silo.Status == SiloStatus.Dead)
            {
                return;
            }

            silo.Status = status;
            silos[silo.SiloAddress] = silo;
            foreach (var other in silos.Values)
            {
                silo.StatusOracle.Learn(other.SiloAddress, other.Status);
            }

            active = [.. silos.Values.Where(s => s.Status == SiloStatus.Active).Select(s => s.SiloAddress).Order()];
        }

        if (status == SiloStatus.Dead)
        {
            Bury(silo.SiloAddress);
        }

        foreach (var other in silos.Values)
        {
            other.StatusOracle.Notify(silo.SiloAddress, status);
        }
    }

    /// <summary>The others take the silo for dead, while it may live on without knowing.</summary>
    public override void DeclareDead(SiloAddress silo)
    {
        lock (gate)
        {
            silos.TryRemove(silo, out _);
            active = [.. active.Where(a => !a.Equals(silo))];
        }

        Bury(silo);
        foreach (var other in silos.Values)
        {
            other.StatusOracle.Notify(silo, SiloStatus.Dead);
        }
    }

    /// <summary>Delivers without asking the faults again.</summary>
    public override void Deliver(Message message)
    {
        var from = message.Sender.Silo;
        var pinned = Faults.Route(message);
        message.Pinned = pinned is not null;
        var target = pinned ?? Route(message, from);
        message.TargetSilo = target;
        var silo = target.Equals(from?.SiloAddress) ? from : Find(target);
        if (silo is null or { IsKilled: true } || from is { IsKilled: true } || Faults.IsCut(from?.SiloAddress, target))
        {
            return; // lost on the way: the caller's time-out or the target's death ends the wait
        }

        silo.Catalog.Receive(message);
    }

    /// <summary>Whether the silo may have the grain's activation: the first to register wins.</summary>
    public override bool Register(Message message, SiloAddress silo) => Faults.IsCutOff(silo) || directory.GetOrAdd(message.Target, silo).Equals(silo);

    public override void Unregister(GrainId grain, SiloAddress silo) => directory.TryRemove(KeyValuePair.Create(grain, silo));

    private SiloAddress Route(Message message, SiloRuntime? from)
    {
        if (from is not null && Faults.IsCutOff(from.SiloAddress) && from.Catalog.Find(message.Target) is not null)
        {
            return from.SiloAddress; // it knows of its own activation only
        }

        if (directory.TryGetValue(message.Target, out var known))
        {
            if (silos.TryGetValue(known, out var owner) && (owner.Status is SiloStatus.Active || owner.Catalog.Find(message.Target) is not null))
            {
                return known;
            }

            directory.TryRemove(KeyValuePair.Create(message.Target, known));
        }

        return directory.GetOrAdd(message.Target, Place(message, from));
    }

    private SiloAddress Place(Message message, SiloRuntime? from)
    {
        var live = active;
        if (live.Length == 0)
        {
            throw new SiloUnavailableException($"There is no active silo for message {message}.");
        }

        return Placer.Choose(from ?? silos[live[0]], from is { Status: SiloStatus.Active } ? from.SiloAddress : null, live, message.Target);
    }

    private void Bury(SiloAddress dead)
    {
        silos.TryRemove(dead, out _);
        foreach (var entry in directory.Where(e => e.Value.Equals(dead)))
        {
            directory.TryRemove(entry);
        }

        Memory.Lose(dead);
        foreach (var sender in silos.Values.Select(s => s.Sender).Concat(clients.Keys))
        {
            sender.Lost(dead);
        }
    }
}
