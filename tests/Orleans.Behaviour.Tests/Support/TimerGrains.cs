using Orleans.Concurrency;

namespace Orleans.Behaviour.Tests;

public interface ITimerGrain : IGrainWithStringKey
{
    Task Start(TimeSpan due, TimeSpan period, bool interleave, bool keepAlive);

    Task StartFailing(TimeSpan period);

    Task Change(TimeSpan due, TimeSpan period);

    [AlwaysInterleave]
    Task ChangeMeanwhile(TimeSpan due, TimeSpan period);

    Task Stop();

    Task Hold();

    Task Leave();

    Task<Guid> Instance();
}

public class TimerGrain : Grain, ITimerGrain
{
    private readonly Guid instance = Guid.NewGuid();
    private readonly IGrainTimer fromConstructor;
    private IGrainTimer? timer;

    public TimerGrain() => fromConstructor = this.RegisterGrainTimer(() => Note("constructor"), new() { DueTime = TimeSpan.FromMinutes(1), Period = Timeout.InfiniteTimeSpan });

    public Task Start(TimeSpan due, TimeSpan period, bool interleave, bool keepAlive)
    {
        timer = this.RegisterGrainTimer(Note, "tick", new GrainTimerCreationOptions(due, period) { Interleave = interleave, KeepAlive = keepAlive });
        return Task.CompletedTask;
    }

    public Task StartFailing(TimeSpan period)
    {
        timer = this.RegisterGrainTimer(
            async token =>
            {
                await Note("failing");
                throw new InvalidOperationException("on purpose");
            },
            period,
            period);
        return Task.CompletedTask;
    }

    public Task Change(TimeSpan due, TimeSpan period)
    {
        timer!.Change(due, period);
        return Task.CompletedTask;
    }

    public Task ChangeMeanwhile(TimeSpan due, TimeSpan period) => Change(due, period);

    public Task Stop()
    {
        timer!.Dispose();
        fromConstructor.Dispose();
        return Task.CompletedTask;
    }

    public async Task Hold()
    {
        await Note("held");
        await Probe.Of(this.GetPrimaryKeyString()).Gate.Task;
        await Note("released");
    }

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task<Guid> Instance() => Task.FromResult(instance);

    private Task Note(string text)
    {
        Probe.Of(this.GetPrimaryKeyString()).Log.Enqueue(text);
        return Task.CompletedTask;
    }
}

public interface IReminderGrain : IGrainWithStringKey
{
    Task Register(string name, TimeSpan due, TimeSpan period);

    Task Unregister(string name, bool twice);

    Task UnregisterStale(string name);

    Task<bool> Exists(string name);

    Task<List<string>> Names();

    Task<string> FromTaskRun();
}

public class ReminderGrain : Grain, IReminderGrain, IRemindable
{
    public Task Register(string name, TimeSpan due, TimeSpan period) => this.RegisterOrUpdateReminder(name, due, period);

    public async Task Unregister(string name, bool twice)
    {
        var handle = (await this.GetReminder(name))!;
        await this.UnregisterReminder(handle);
        if (twice)
        {
            await this.UnregisterReminder(handle);
        }
    }

    public async Task UnregisterStale(string name)
    {
        var handle = (await this.GetReminder(name))!;
        await this.RegisterOrUpdateReminder(name, TimeSpan.FromHours(1), TimeSpan.FromHours(1));
        await this.UnregisterReminder(handle);
    }

    public async Task<bool> Exists(string name) => await this.GetReminder(name) is not null;

    public async Task<List<string>> Names() => [.. (await this.GetReminders()).Select(r => r.ReminderName)];

    public async Task<string> FromTaskRun() => await Task.Run(() => Record.ExceptionAsync(() => this.GetReminder("x"))) is { } error ? error.GetType().Name : "none";

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        var probe = Probe.Of(this.GetPrimaryKeyString());
        probe.Log.Enqueue($"{reminderName} {(int)(status.CurrentTickTime - status.FirstTickTime).TotalMinutes}");
        switch (reminderName)
        {
            case "failing":
                throw new InvalidOperationException("on purpose");
            case "slow":
                await probe.Gate.Task;
                break;
        }
    }
}

public interface INoReminderGrain : IGrainWithStringKey
{
    Task Register();
}

public class NoReminderGrain : Grain, INoReminderGrain
{
    public Task Register() => this.RegisterOrUpdateReminder("x", TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));
}
