using InstanceTasks.Api.Aggregates;
using InstanceTasks.Api.Flavors;
using InstanceTasks.Api.Tests.Fakes;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Tests.Exactness;

/// <summary>What the exchanges are made against: a server in every state, tasks in every state, and their neighbours; the same before each.</summary>
internal static class World
{
    public const string PublicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDZNhFsbxdNMBe/Qfif5uzmgAWOawTSBqSK1vjT4fm3N me@example";
    public const string SavedImage = "00000000-0000-4000-9000-000000000001";
    public const string SavingImage = "00000000-0000-4000-9000-000000000002";

    public static readonly InstanceId Active = Id(1);
    public static readonly InstanceId Building = Id(2);
    public static readonly InstanceId Offloaded = Id(9);
    public static readonly InstanceId Failed = Id(10);
    public static readonly InstanceId Deleted = Id(12);
    public static readonly InstanceId Others = Id(15);
    public static readonly InstanceId Busy = Id(20);
    public static readonly InstanceId Nowhere = Id(999);
    public static readonly TaskId Created = Task(1);
    public static readonly TaskId Rebooted = Task(2);
    public static readonly TaskId Running = Task(3);
    public static readonly TaskId Unsure = Task(4);
    public static readonly TaskId Queued = Task(5);
    public static readonly TaskId Waiting = Task(6);
    public static readonly TaskId Parent = Task(7);
    public static readonly TaskId Paused = Task(9);
    public static readonly TaskId Superseded = Task(10);
    public static readonly TaskId Retried = Task(11);
    public static readonly Guid Group = new("00000000-0000-4000-b000-000000000002");
    public static readonly Guid Hold = new("00000000-0000-4000-b000-000000000001");

    private static readonly IReadOnlyList<InstanceRecord> Servers = [.. MakeServers()];
    private static readonly IReadOnlyList<TaskRecord> Tasks = [.. MakeTasks()];

    /// <summary>The servers that a member of the project can look at, each in a state of its own.</summary>
    public static IEnumerable<InstanceId> Visible => Servers.Where(s => s.VmState != VmState.Deleted && s.Project.Value == "demo-project").Select(s => s.Id);

    /// <summary>A few of them that differ in what a changed server shows.</summary>
    public static IEnumerable<InstanceId> Changed => [Active, Building, Failed, Offloaded, Id(13), Id(14), Busy];

    /// <summary>The tasks that he can look at.</summary>
    public static IEnumerable<TaskId> VisibleTasks => Tasks.Select(t => t.Id);

    public static RequestId Request(int n) => new($"req-00000000-0000-4000-8000-{n:d12}");

    /// <summary>Puts everything back as it was.</summary>
    public static void Plant(ApiHost api)
    {
        api.Cloud.Instances.Clear();
        api.Cloud.Tasks.Clear();
        api.Cloud.Secrets.Clear();
        api.Cloud.Broken = null;
        api.Consoles.Answer = FakeConsoles.Saying("[    0.000000] hello\nlogin: ");
        Add(api.Cloud.Instances, Servers.Select(s => (s.Id, s)));
        Add(api.Cloud.Tasks, Tasks.Select(t => (t.Id, t)));
        api.Cloud.Secrets[(Active.Value, SecretNames.UserData)] = new FakeProtector().Protect(Active.Value, SecretNames.UserData, "aGVsbG8=");
        api.Cloud.Usage = new(3, 5, 700, 20, -1, 51_200);
        PlantEvents(api);
        api.Journal.Counts = new(3, 1, 1, 0);
        api.Journal.Keys.Clear();
        api.Commands.Decide = null;
        api.Commands.OnCommand = null;
        PlantNeighbours(api);
    }

    // Every kind of event once.
    private static void PlantEvents(ApiHost api)
    {
        var task = Tasks.First(t => t.Id == Created);
        var failure = new Failure(FailureKinds.Guest, "no", Details: "it said no");
        var command = new CommandRecord(Hold, TaskCommandKind.Cancel, new("demo-user"), Sample.Time, "enough");
        api.Events.Clear();
        api.Events.Add(task, new TaskAccepted { At = Sample.Time, Initial = task });
        api.Events.Add(task, new TaskGranted { At = Sample.Time, Host = new("host-1") }, new TaskClaimed { At = Sample.Time, Epoch = 1 }, new TaskWaiting { At = Sample.Time, Reason = "host", Until = Sample.Time });
        api.Events.Add(task, new TaskProceeded { At = Sample.Time }, new HostRefused { At = Sample.Time, Host = new("host-2"), Reason = "full" }, new StepDone { At = Sample.Time, Step = 0, Host = new("host-1"), Note = "n" });
        api.Events.Add(task, new AttemptFailed { At = Sample.Time, Step = 1, Failure = failure, RetryAt = Sample.Time }, new StepDone { At = Sample.Time, Step = 99, Direction = Direction.Undo, Failure = failure, Skipped = true });
        api.Events.Add(task, new IntentSet { At = Sample.Time, Intent = TaskIntent.Pause, Command = command }, new IntentTakenBack { At = Sample.Time, Command = command }, new TaskPaused { At = Sample.Time });
        api.Events.Add(task, new TaskResumed { At = Sample.Time, Command = command }, new PrioritySet { At = Sample.Time, Priority = 8, Command = command }, new DeadlinePassed { At = Sample.Time, Failure = failure });
        api.Events.Add(task, new UndoBegun { At = Sample.Time, Failure = failure }, new AttentionNeeded { At = Sample.Time, Failure = failure }, new AttentionDecided { At = Sample.Time, Command = command });
        api.Events.Add(task, new IntentSet { At = Sample.Time, Intent = TaskIntent.Supersede, Successor = Running }, new UndoBegun { At = Sample.Time });
        api.Events.Add(task, new TaskEnded { At = Sample.Time, Outcome = TaskOutcome.Canceled, Failure = failure, SupersededBy = Running, Command = command });
        api.Events.Add(Tasks.First(t => t.Id == Parent), new ChildrenMoved { At = Sample.Time, Next = 3, Refused = new() { [1] = "busy" } }, new TaskEnded { At = Sample.Time, Outcome = TaskOutcome.Succeeded });
        api.Events.Add(task);
    }

    private static void PlantNeighbours(ApiHost api)
    {
        api.Catalog.Flavors.Clear();
        Add(api.Catalog.Flavors, MakeFlavors().Select(f => (f.Id, f)));
        api.Catalog.Pairs.Clear();
        api.Catalog.Pairs.AddRange(
        [
            new(new("demo-user"), "k", PublicKey, "3f:00:aa", "ssh", Sample.Time),
            new(new("demo-user"), "other key", PublicKey, "3f:00:aa", "ssh", Sample.Time),
            new(new("somebody"), "theirs", PublicKey, "3f:00:aa", "ssh", Sample.Time),
        ]);
        api.Catalog.Images.Clear();
        api.Catalog.Images.AddRange([ImageOf(SavedImage, true), ImageOf(SavingImage, false)]);
        PlantOperators(api);
        api.Holds.All.Clear();
        api.Holds.All.AddRange(
        [
            new() { Id = Hold, By = new("demo-user"), Reason = "repair", Host = new("host-1"), At = Sample.Time },
            new() { Id = Guid.Empty, By = new("demo-user"), Reason = "was", Project = new("demo-project"), Kind = new("stop"), At = Sample.Time, RemovedAt = Sample.Time, RemovedBy = new("somebody") },
        ]);
    }

    private static void PlantOperators(ApiHost api)
    {
        var hosts = new FakeCloud().Hosts;
        api.Cloud.Hosts.Clear();
        api.Cloud.Hosts.AddRange(hosts);
        api.Operators.Clear();
        api.Operators.Add("flavor-access", "p", new FlavorProjects("p", ["other-project"]));
        api.Operators.Add("aggregate", "7", new Aggregate { Id = 7, Uuid = Hold, Name = "there", Hosts = ["host-1"], Metadata = new() { ["k"] = "v" }, CreatedAt = Sample.Time, UpdatedAt = Sample.Time });
        api.Operators.Add("aggregate", "9", new Aggregate { Id = 9, Uuid = Group, Name = "empty", CreatedAt = Sample.Time });
        api.Operators.Add(ServerGroup.DocumentKind, Group.ToString(), new ServerGroup
        {
            Id = Group, Project = new("demo-project"), User = new("demo-user"), Name = "together", Policy = GroupPolicy.Affinity, CreatedAt = Sample.Time,
            Members = new() { [Active.Value] = new(Sample.Time, "host-1"), [Deleted.Value] = new(Sample.Time), [Nowhere.Value] = new(Sample.Time) },
        });
    }

    private static void Add<TKey, T>(Dictionary<TKey, T> map, IEnumerable<(TKey, T)> items)
        where TKey : notnull
    {
        foreach (var (key, item) in items)
        {
            map[key] = item;
        }
    }

    private static InstanceId Id(int n) => new(new($"00000000-0000-4000-8000-{n:d12}"));

    private static TaskId Task(int n) => new(new($"00000000-0000-4000-a000-{n:d12}"));

    private static IEnumerable<Flavor> MakeFlavors() =>
    [
        new() { Id = "1", Name = "m1.tiny", Vcpus = 1, RamMb = 512, DiskGb = 1, ExtraSpecs = new Dictionary<string, string> { ["hw:cpu_policy"] = "shared" } },
        new() { Id = "3", Name = "m1.medium", Vcpus = 2, RamMb = 4096, DiskGb = 40, SwapMb = 64, EphemeralGb = 5, RxtxFactor = 1.5, Description = "more" },
        new() { Id = "4", Name = "m1.huge", Vcpus = 64, RamMb = 1 << 20, DiskGb = 0 },
        new() { Id = "p", Name = "private", Vcpus = 2, RamMb = 4096, DiskGb = 40, IsPublic = false },
    ];

    private static ImageRecord ImageOf(string id, bool active) => new()
    {
        Id = id, Project = new("demo-project"), Name = "saved", Active = active, MinDiskGb = 1, Instance = Active, Task = Created, Properties = new Dictionary<string, string> { ["note"] = "kept" },
        CreatedAt = Sample.Time, UpdatedAt = Sample.Time.AddSeconds(9),
    };

    private static InstanceRecord Server(int n, VmState state, PowerState power, string name) => Sample.Server(name, state) with
    {
        Id = Id(n), Power = power, ReservationId = "r-12345678", CreatedAt = Sample.Time.AddSeconds(n), UpdatedAt = Sample.Time.AddSeconds(n + 5),
    };

    private static IEnumerable<InstanceRecord> MakeServers()
    {
        yield return Server(1, VmState.Active, PowerState.Running, "active") with
        {
            Metadata = new() { ["k"] = "v", ["a key: 1.0"] = "" }, Tags = ["blue", "green"], KeyName = "k", PinnedZone = "nova", ConfigDrive = true, Description = "has everything",
            AccessIPv4 = "192.0.2.7", AccessIPv6 = "2001:db8::7", DiskConfig = "AUTO", UserDataSet = true, LaunchIndex = 2, SecurityGroups = ["default", "web"],
        };
        yield return Held(Server(2, VmState.Building, PowerState.NoState, "building"), 3, "create") with { Host = null, AvailabilityZone = "", LaunchedAt = null };
        yield return Server(3, VmState.Stopped, PowerState.Shutdown, "stopped");
        yield return Server(4, VmState.Paused, PowerState.Paused, "paused");
        yield return Server(5, VmState.Suspended, PowerState.Suspended, "suspended");
        yield return Server(6, VmState.Rescued, PowerState.Running, "rescued");
        yield return Server(7, VmState.Resized, PowerState.Running, "resized");
        yield return Server(8, VmState.Shelved, PowerState.Shutdown, "shelved");
        yield return Server(9, VmState.ShelvedOffloaded, PowerState.Shutdown, "offloaded") with { Host = null };
        yield return Server(10, VmState.Error, PowerState.NoState, "failed") with { Host = null, AvailabilityZone = "", LaunchedAt = null };
        yield return Server(11, VmState.Error, PowerState.Crashed, "refused");
        yield return Server(12, VmState.Deleted, PowerState.NoState, "deleted") with { TerminatedAt = Sample.Time.AddSeconds(60) };
        yield return Server(13, VmState.Active, PowerState.Running, "locked") with { LockedBy = "owner", LockedReason = "mine" };
        yield return Server(14, VmState.Active, PowerState.Running, "bare") with { SecurityGroups = [], Host = new("unknown-host"), Hostname = "" };
        yield return Server(15, VmState.Active, PowerState.Running, "others") with { Project = new("other-project"), User = new("somebody") };
        yield return Server(16, VmState.Active, PowerState.Running, "under-repair") with { Host = new("host-2"), AvailabilityZone = "far" };
        yield return Held(Server(20, VmState.Active, PowerState.Running, "rebooting"), 20, "reboot") with { Queue = [new(Queued, new("stop"), Request(5))] };
        var busy = new[] { "hard-reboot", "change-password", "rebuild", "resize", "delete", "create-image" };
        foreach (var (kind, i) in busy.Select((k, i) => (k, i)))
        {
            yield return Held(Server(21 + i, VmState.Active, PowerState.Running, kind), 21 + i, kind);
        }

        yield return Held(Server(30, VmState.Stopped, PowerState.Shutdown, "resizing while off"), 30, "resize");
        yield return Held(Server(31, VmState.Resized, PowerState.Running, "reverting"), 31, "revert-resize");
        yield return Held(Server(32, VmState.Error, PowerState.Running, "rebuilt after an error"), 32, "rebuild");
    }

    private static InstanceRecord Held(InstanceRecord instance, int task, string kind) => instance with { Holder = new(Task(task), new(kind), Request(task)) };

    private static TaskRecord Of(int n, int server, string kind) => Sample.Task(Servers.First(s => s.Id == Id(server)), kind) with
    {
        Id = Task(n), Request = Request(n), CreatedAt = Sample.Time.AddSeconds(n), UpdatedAt = Sample.Time.AddSeconds(n + 9), PlanVersion = 1,
    };

    private static IEnumerable<TaskRecord> MakeTasks()
    {
        var broken = new Failure(FailureKinds.Hypervisor, new string('m', 400), Details: "Traceback: it broke");
        yield return Of(1, 1, "create").Ended(TaskOutcome.Succeeded) with { Steps = [Sample.Step("choose-host", "done", null), Sample.Step("define", "done", "compute__do_build_and_run_instance", 1)] };
        yield return Of(2, 1, "reboot").Ended(TaskOutcome.Failed, broken) with { Steps = [Sample.Step("reboot", "failed", "compute_reboot_instance", 2, failure: broken), Sample.Step("reboot", "done", null, 3, Direction.Undo)] };
        yield return Of(3, 2, "create") with { TaskState = "spawning", Host = new("host-1"), Zone = "nova", Steps = [Sample.Step("define", null, "compute__do_build_and_run_instance", 1)], DeadlineIn = TimeSpan.FromMinutes(5) };
        yield return Of(4, 16, "stop") with { Outcome = TaskOutcome.NeedsAttention, Failure = broken, Run = TaskRun.Waiting, WaitReason = "needs attention" };
        yield return Of(5, 20, "stop") with { Run = TaskRun.Queued, Turn = 0, StartedAt = null, Priority = 2 };
        yield return Of(6, 3, "start") with { Run = TaskRun.Waiting, WaitReason = "no worker reaches host-1", Wait = new(WaitLimits.NoWorker, 2, [Created]), NotBefore = Sample.Time };
        yield return Of(7, 1, "bulk") with
        {
            Instance = default, Children = new() { Kind = new("stop"), Total = 5, Concurrency = 2, FailureBudget = 1, Targets = [Active, Busy], Next = 4, Refused = 1, RefusedBecause = new() { [3] = "busy" } },
        };
        yield return Of(8, 1, "stop").Ended(TaskOutcome.Canceled) with { Parent = Parent };
        yield return Of(9, 4, "unpause") with
        {
            Run = TaskRun.Paused, Intent = TaskIntent.Pause, Commands = [new(new("00000000-0000-4000-c000-000000000001"), TaskCommandKind.Pause, new("demo-user"), Sample.Time, "wait")],
        };
        yield return Of(10, 10, "create").Ended(TaskOutcome.Failed, broken) with { SupersededBy = Retried };
        yield return Of(11, 11, "stop").Ended(TaskOutcome.Failed, new(FailureKinds.NoValidHost, "No valid host was found.", Code: 400, Details: "never shown")) with { RetryOf = Superseded, Supersedes = Superseded };
        yield return Of(12, 12, "create").Ended(TaskOutcome.Succeeded);
        yield return Of(13, 12, "delete").Ended(TaskOutcome.Succeeded) with { Steps = [Sample.Step("destroy", "done", "compute_terminate_instance", 1)] };
        string[] states = ["rebooting", "reboot_started_hard", "updating_password", "rebuild_spawning", "resize_migrating", "deleting", "image_uploading"];
        string[] kinds = ["reboot", "hard-reboot", "change-password", "rebuild", "resize", "delete", "create-image"];
        for (var i = 0; i < states.Length; i++)
        {
            yield return Of(20 + i, 20 + i, kinds[i]) with { TaskState = states[i] };
        }

        yield return Of(30, 30, "resize") with { TaskState = "resize_finish" };
        yield return Of(31, 31, "revert-resize") with { TaskState = "resize_reverting", Phase = TaskPhase.Undo };
        yield return Of(32, 32, "rebuild") with { TaskState = "rebuilding" };
    }
}
