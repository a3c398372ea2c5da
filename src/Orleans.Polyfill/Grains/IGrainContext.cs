using System.Runtime.CompilerServices;
using Orleans.Serialization.Invocation;

namespace Orleans.Serialization.Invocation
{
    /// <summary>Something that has a target object and components.</summary>
    public interface ITargetHolder
    {
        object? GetTarget();

        object? GetComponent(Type componentType);
    }
}

namespace Orleans.Runtime
{
    /// <summary>A grain's activation, as the runtime sees it.</summary>
    public interface IGrainContext : ITargetHolder, IEquatable<IGrainContext>
    {
        GrainReference GrainReference { get; }

        GrainId GrainId { get; }

        object? GrainInstance { get; }

        ActivationId ActivationId { get; }

        GrainAddress Address { get; }

        IServiceProvider ActivationServices { get; }

        IGrainLifecycle ObservableLifecycle { get; }

        IWorkItemScheduler Scheduler { get; }

        Task Deactivated { get; }

        void SetComponent<TComponent>(TComponent? value) where TComponent : class;

        void ReceiveMessage(object message);

        void Activate(Dictionary<string, object>? requestContext, CancellationToken cancellationToken = default);

        void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default);
    }

    /// <summary>Queues work on an activation's single-threaded scheduler.</summary>
    public interface IWorkItemScheduler
    {
        void QueueAction(Action action);

        void QueueTask(Task task);

        void QueueAction(Action<object> action, object state);
    }

    /// <summary>Gives the grain context that the calling code runs in.</summary>
    public interface IGrainContextAccessor
    {
        IGrainContext GrainContext { get; }
    }

    /// <summary>What <see cref="Grain"/> needs from the silo.</summary>
    public interface IGrainRuntime
    {
        string SiloIdentity { get; }

        SiloAddress SiloAddress { get; }

        IGrainFactory GrainFactory { get; }

        IServiceProvider ServiceProvider { get; }

        TimeProvider TimeProvider { get; }

        void DeactivateOnIdle(IGrainContext grainContext);

        void DelayDeactivation(IGrainContext grainContext, TimeSpan timeSpan);
    }

    /// <summary>The grain context whose scheduler runs the current thread, if any.</summary>
    internal static class RuntimeContext
    {
        [ThreadStatic]
        private static ActivationData? current;

        public static ActivationData? Current => current;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static ActivationData? Exchange(ActivationData? next)
        {
            var previous = current;
            current = next;
            return previous;
        }

        /// <summary>State and reminders may be used by the grain's own turns only.</summary>
        public static void Require(IGrainContext expected)
        {
            if (current is null)
            {
                throw new InvalidOperationException($"An attempt was made to access grain {expected.GrainId} from outside of its context: " +
                    "Task.Run, ConfigureAwait(false) and foreign threads leave the grain's single-threaded context.");
            }

            if (!ReferenceEquals(current, expected))
            {
                throw new InvalidOperationException($"An attempt was made to access grain {expected.GrainId} from the context of grain {current.GrainId}.");
            }
        }
    }
}
