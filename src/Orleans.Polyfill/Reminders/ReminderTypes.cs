using Orleans.Runtime;

namespace Orleans
{
    /// <summary>A grain that receives reminders.</summary>
    public interface IRemindable : IGrain
    {
        Task ReceiveReminder(string reminderName, TickStatus status);
    }

    /// <summary>A row of the reminder table.</summary>
    [GenerateSerializer]
    public sealed class ReminderEntry
    {
        [Id(0)]
        public GrainId GrainId { get; set; }

        [Id(1)]
        public string ReminderName { get; set; } = "";

        [Id(2)]
        public DateTime StartAt { get; set; }

        [Id(3)]
        public TimeSpan Period { get; set; }

        [Id(4)]
        public string? ETag { get; set; }

        public override string ToString() => $"<GrainId={GrainId} ReminderName={ReminderName} Period={Period}>";
    }

    /// <summary>Rows of the reminder table.</summary>
    [GenerateSerializer]
    public sealed class ReminderTableData
    {
        public ReminderTableData(IEnumerable<ReminderEntry> list) => Reminders = [.. list];

        public ReminderTableData(ReminderEntry entry) => Reminders = [entry];

        public ReminderTableData() => Reminders = [];

        [Id(0)]
        public IList<ReminderEntry> Reminders { get; private set; }
    }

    /// <summary>Where reminders are kept.</summary>
    public interface IReminderTable
    {
#pragma warning disable CS0618 // the default of one is the other, as there
        Task StartAsync(CancellationToken cancellationToken = default) => Init();
#pragma warning restore CS0618

        [Obsolete("Use StartAsync.")]
        Task Init() => Task.CompletedTask;

        Task<ReminderTableData> ReadRows(GrainId grainId);

        Task<ReminderTableData> ReadRows(uint begin, uint end);

        Task<ReminderEntry?> ReadRow(GrainId grainId, string reminderName);

        Task<string?> UpsertRow(ReminderEntry entry);

        Task<bool> RemoveRow(GrainId grainId, string reminderName, string eTag);

        Task TestOnlyClearTable();

        Task StopAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;
    }

    /// <summary>Reminders of a grain, from within it.</summary>
    public static class GrainReminderExtensions
    {
        public static Task<IGrainReminder> RegisterOrUpdateReminder(this Grain grain, string reminderName, TimeSpan dueTime, TimeSpan period) =>
            RegisterOrUpdateReminder((IGrainBase)grain, reminderName, dueTime, period);

        public static Task<IGrainReminder> RegisterOrUpdateReminder(this IGrainBase grain, string reminderName, TimeSpan dueTime, TimeSpan period)
        {
            RequireName(reminderName);
            if (grain is not IRemindable)
            {
                throw new InvalidOperationException($"Grain {grain} is not '{nameof(IRemindable)}'. A grain should implement {nameof(IRemindable)} to use the persistent reminder service");
            }

            return Registry(grain).RegisterOrUpdateReminder(grain.GrainContext.GrainId, reminderName, dueTime, period);
        }

        public static Task UnregisterReminder(this Grain grain, IGrainReminder reminder) => UnregisterReminder((IGrainBase)grain, reminder);

        public static Task UnregisterReminder(this IGrainBase grain, IGrainReminder reminder) => Registry(grain).UnregisterReminder(grain.GrainContext.GrainId, reminder);

        public static Task<IGrainReminder?> GetReminder(this Grain grain, string reminderName) => GetReminder((IGrainBase)grain, reminderName);

        public static Task<IGrainReminder?> GetReminder(this IGrainBase grain, string reminderName)
        {
            RequireName(reminderName);
            return Registry(grain).GetReminder(grain.GrainContext.GrainId, reminderName);
        }

        public static Task<List<IGrainReminder>> GetReminders(this Grain grain) => GetReminders((IGrainBase)grain);

        public static Task<List<IGrainReminder>> GetReminders(this IGrainBase grain) => Registry(grain).GetReminders(grain.GrainContext.GrainId);

        private static void RequireName(string reminderName)
        {
            if (string.IsNullOrWhiteSpace(reminderName))
            {
                throw new ArgumentNullException(nameof(reminderName));
            }
        }

        private static Orleans.Timers.IReminderRegistry Registry(IGrainBase grain)
        {
            RuntimeContext.Require(grain.GrainContext);
            return grain.GrainContext.ActivationServices.GetService(typeof(Orleans.Timers.IReminderRegistry)) as Orleans.Timers.IReminderRegistry
                ?? throw new InvalidOperationException($"No service for type '{typeof(Orleans.Timers.IReminderRegistry)}' has been registered.");
        }
    }
}

namespace Orleans.Runtime
{
    /// <summary>A handle of a reminder.</summary>
    public interface IGrainReminder
    {
        string ReminderName { get; }
    }

    /// <summary>When the tick is and when the reminder began.</summary>
    [GenerateSerializer]
    [Immutable]
    public readonly struct TickStatus
    {
        public TickStatus(DateTime firstTickTime, TimeSpan period, DateTime timeStamp)
        {
            FirstTickTime = firstTickTime;
            Period = period;
            CurrentTickTime = timeStamp;
        }

        [Id(0)]
        public DateTime FirstTickTime { get; }

        [Id(1)]
        public TimeSpan Period { get; }

        [Id(2)]
        public DateTime CurrentTickTime { get; }

        public override string ToString() => $"<{FirstTickTime}, {Period}, {CurrentTickTime}>";
    }
}

namespace Orleans.Timers
{
    /// <summary>Registers reminders.</summary>
    public interface IReminderRegistry
    {
        Task<IGrainReminder> RegisterOrUpdateReminder(GrainId callingGrainId, string reminderName, TimeSpan dueTime, TimeSpan period);

        Task UnregisterReminder(GrainId callingGrainId, IGrainReminder reminder);

        Task<IGrainReminder?> GetReminder(GrainId callingGrainId, string reminderName);

        Task<List<IGrainReminder>> GetReminders(GrainId callingGrainId);
    }
}

namespace Orleans.Hosting
{
    /// <summary>How reminders work.</summary>
    public sealed class ReminderOptions
    {
        /// <summary>The least period. Default 1 min; less is allowed and warned of.</summary>
        public TimeSpan MinimumReminderPeriod { get; set; } = TimeSpan.FromMinutes(1);

        /// <summary>How often the table is read. Default 5 min.</summary>
        public TimeSpan RefreshReminderListPeriod { get; set; } = TimeSpan.FromMinutes(5);

        /// <summary>How long the table may take to start. Default 5 min.</summary>
        public TimeSpan InitializationTimeout { get; set; } = TimeSpan.FromMinutes(5);
    }
}
