using Orleans.Runtime;

namespace Orleans
{
    /// <summary>Takes part in a lifecycle at one stage.</summary>
    public interface ILifecycleObserver
    {
        Task OnStart(CancellationToken cancellationToken = default);

        Task OnStop(CancellationToken cancellationToken = default);
    }

    /// <summary>A lifecycle that can be taken part in.</summary>
    public interface ILifecycleObservable
    {
        IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer);
    }

    /// <summary>Subscribes itself to a lifecycle.</summary>
    /// <typeparam name="TLifecycleObservable">The lifecycle.</typeparam>
    public interface ILifecycleParticipant<TLifecycleObservable>
        where TLifecycleObservable : ILifecycleObservable
    {
        void Participate(TLifecycleObservable lifecycle);
    }

    /// <summary>Subscribing with delegates.</summary>
    public static class LifecycleExtensions
    {
        public static IDisposable Subscribe(this ILifecycleObservable observable, string observerName, int stage, Func<CancellationToken, Task> onStart, Func<CancellationToken, Task>? onStop) =>
            observable.Subscribe(observerName, stage, new Observer(onStart, onStop));

        public static IDisposable Subscribe(this ILifecycleObservable observable, string observerName, int stage, Func<CancellationToken, Task> onStart) =>
            observable.Subscribe(observerName, stage, new Observer(onStart, null));

        public static IDisposable Subscribe<TObserver>(this ILifecycleObservable observable, int stage, ILifecycleObserver observer) =>
            observable.Subscribe(typeof(TObserver).FullName!, stage, observer);

        public static IDisposable Subscribe<TObserver>(this ILifecycleObservable observable, int stage, Func<CancellationToken, Task> onStart, Func<CancellationToken, Task> onStop) =>
            observable.Subscribe(typeof(TObserver).FullName!, stage, new Observer(onStart, onStop));

        public static IDisposable Subscribe<TObserver>(this ILifecycleObservable observable, int stage, Func<CancellationToken, Task> onStart) =>
            observable.Subscribe(typeof(TObserver).FullName!, stage, new Observer(onStart, null));

        private sealed class Observer(Func<CancellationToken, Task> start, Func<CancellationToken, Task>? stop) : ILifecycleObserver
        {
            public Task OnStart(CancellationToken cancellationToken = default) => start(cancellationToken);

            public Task OnStop(CancellationToken cancellationToken = default) => stop is null ? Task.CompletedTask : stop(cancellationToken);
        }
    }

    /// <summary>The stages of a silo's lifecycle, started upwards and stopped downwards.</summary>
    public static class ServiceLifecycleStage
    {
        public const int First = int.MinValue;
        public const int RuntimeInitialize = 2000;
        public const int RuntimeServices = 4000;
        public const int RuntimeStorageServices = 6000;
        public const int RuntimeGrainServices = 8000;
        public const int AfterRuntimeGrainServices = 8100;
        public const int ApplicationServices = 10000;
        public const int BecomeActive = Active - 1;
        public const int Active = 20000;
        public const int Last = int.MaxValue;
        internal const int GrainDeactivation = Active - 2;
    }
}

namespace Orleans.Runtime
{
    /// <summary>The lifecycle of an activation.</summary>
    public interface IGrainLifecycle : ILifecycleObservable
    {

    }

    /// <summary>The stages of an activation's lifecycle.</summary>
    public static class GrainLifecycleStage
    {
        public const int First = int.MinValue;
        public const int SetupState = 1000;
        public const int Activate = 2000;
        public const int Last = int.MaxValue;
    }

    /// <summary>The lifecycle of a silo.</summary>
    public interface ISiloLifecycle : ILifecycleObservable
    {
        int HighestCompletedStage { get; }

        int LowestStoppedStage { get; }
    }

    /// <summary>Runs observers stage by stage: all of one stage together, the stages in order.</summary>
    internal class LifecycleSubject : ILifecycleObservable
    {
        private readonly Lock gate = new();
        private readonly List<Subscription> subscriptions = [];
        private int? highest;

        public int HighestCompletedStage { get; private set; } = int.MinValue;

        public int LowestStoppedStage { get; private set; } = int.MaxValue;

        public IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer)
        {
            ArgumentNullException.ThrowIfNull(observer);
            var subscription = new Subscription(this, observerName, stage, observer);
            lock (gate)
            {
                subscriptions.Add(subscription);
            }

            return subscription;
        }

        public async Task StartAsync(CancellationToken token)
        {
            foreach (var stage in Stages().Order())
            {
                token.ThrowIfCancellationRequested();
                highest = stage;
                await Task.WhenAll(At(stage).Select(s => s.Observer.OnStart(token)));
                HighestCompletedStage = stage;
            }
        }

        /// <summary>Stops every stage that was begun, from the top, going on after failures.</summary>
        public async Task StopAsync(Action<Subscription, Exception> failed, CancellationToken token)
        {
            foreach (var stage in Stages().Where(s => s <= highest).OrderDescending())
            {
                await Task.WhenAll(At(stage).Select(s => StopOne(s, failed, token)));
                LowestStoppedStage = stage;
            }
        }

        private static async Task StopOne(Subscription subscription, Action<Subscription, Exception> failed, CancellationToken token)
        {
            try
            {
                await subscription.Observer.OnStop(token);
            }
            catch (Exception error)
            {
                failed(subscription, error);
            }
        }

        private List<int> Stages()
        {
            lock (gate)
            {
                return [.. subscriptions.Select(s => s.Stage).Distinct()];
            }
        }

        private List<Subscription> At(int stage)
        {
            lock (gate)
            {
                return [.. subscriptions.Where(s => s.Stage == stage)];
            }
        }

        internal sealed record Subscription(LifecycleSubject Owner, string Name, int Stage, ILifecycleObserver Observer) : IDisposable
        {
            public void Dispose()
            {
                lock (Owner.gate)
                {
                    Owner.subscriptions.Remove(this);
                }
            }
        }
    }
}
