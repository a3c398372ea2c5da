using System.Reflection;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace Orleans.Serialization.Invocation
{
    /// <summary>A request that can be looked into and changed before it is invoked.</summary>
    public interface IInvokable : IDisposable
    {
        object? GetTarget();

        int GetArgumentCount();

        object? GetArgument(int index);

        void SetArgument(int index, object value);

        string GetMethodName();

        string GetInterfaceName();

        MethodInfo GetMethod();

        Type GetInterfaceType();

        bool IsCancellable { get; }

        TimeSpan? GetDefaultResponseTimeout();

        CancellationToken GetCancellationToken();
    }
}

namespace Orleans
{
    /// <summary>A call on its way through filters.</summary>
    public interface IGrainCallContext
    {
        IInvokable Request { get; }

        object Grain { get; }

        GrainId? SourceId { get; }

        GrainId TargetId { get; }

        GrainInterfaceType InterfaceType { get; }

        string InterfaceName { get; }

        string MethodName { get; }

        MethodInfo InterfaceMethod { get; }

        object? Result { get; set; }

        Task Invoke();
    }

    /// <summary>A call that has arrived at its grain.</summary>
    public interface IIncomingGrainCallContext : IGrainCallContext
    {
        IGrainContext TargetContext { get; }

        MethodInfo ImplementationMethod { get; }
    }

    /// <summary>A call that is about to be sent.</summary>
    public interface IOutgoingGrainCallContext : IGrainCallContext
    {
        IGrainContext? SourceContext { get; }
    }

    /// <summary>Sees every call that arrives.</summary>
    public interface IIncomingGrainCallFilter
    {
        Task Invoke(IIncomingGrainCallContext context);
    }

    /// <summary>Sees every call that is made.</summary>
    public interface IOutgoingGrainCallFilter
    {
        Task Invoke(IOutgoingGrainCallContext context);
    }

    /// <summary>An <see cref="IIncomingGrainCallFilter"/> as a delegate.</summary>
    public delegate Task IncomingGrainCallFilterDelegate(IIncomingGrainCallContext context);

    /// <summary>An <see cref="IOutgoingGrainCallFilter"/> as a delegate.</summary>
    public delegate Task OutgoingGrainCallFilterDelegate(IOutgoingGrainCallContext context);
}

namespace Orleans.Polyfill
{
    /// <summary>Runs a call through its filters, in their order, and then does it.</summary>
    internal abstract class CallChain : IGrainCallContext, IInvokable
    {
        private int stage;
        private bool resultSet;
        private object? result;

        protected CallChain(MethodEntry method, object?[] arguments, GrainId target, GrainId? source)
        {
            Method = method;
            Arguments = arguments;
            TargetId = target;
            SourceId = source;
        }

        public IInvokable Request => this;

        public abstract object Grain { get; }

        public GrainId? SourceId { get; }

        public GrainId TargetId { get; }

        public GrainInterfaceType InterfaceType => Method.Model.InterfaceType;

        public string InterfaceName => Method.Model.Interface.Name;

        public string MethodName => Method.Name;

        public MethodInfo InterfaceMethod => Method.Method;

        public bool IsCancellable => Method.TokenIndex >= 0;

        public object? Result
        {
            get => result;
            set
            {
                result = value;
                resultSet = true;
            }
        }

        protected MethodEntry Method { get; }

        protected object?[] Arguments { get; }

        public async Task<object?> RunAsync()
        {
            await Invoke();
            return resultSet ? result : throw new InvalidOperationException(
                $"A call filter of {InterfaceName}.{MethodName} neither called Invoke() nor set a result.");
        }

        public async Task Invoke()
        {
            var here = stage++;
            try
            {
                if (!await TryFilter(here))
                {
                    Result = await Final();
                }
            }
            finally
            {
                stage = here;
            }
        }

        public object? GetTarget() => Grain;

        public int GetArgumentCount() => Arguments.Length;

        public object? GetArgument(int index) => Arguments[index];

        public void SetArgument(int index, object value) => Arguments[index] = value;

        public string GetMethodName() => MethodName;

        public string GetInterfaceName() => InterfaceName;

        public MethodInfo GetMethod() => Method.Method;

        public Type GetInterfaceType() => Method.Model.Interface;

        public TimeSpan? GetDefaultResponseTimeout() => Method.Timeout;

        public CancellationToken GetCancellationToken() => IsCancellable && Arguments[Method.TokenIndex] is CancellationToken token ? token : default;

        public void Dispose()
        {
        }

        /// <summary>Runs the filter at the stage, or says that there is none.</summary>
        protected abstract ValueTask<bool> TryFilter(int at);

        protected abstract Task<object?> Final();
    }

    internal sealed class OutgoingCall(IReadOnlyList<IOutgoingGrainCallFilter> filters, GrainReference reference, MethodEntry method, object?[] arguments, ActivationData? source, Func<object?[], Task<object?>> send)
        : CallChain(method, arguments, reference.GrainId, source?.GrainId), IOutgoingGrainCallContext
    {
        public override object Grain => reference;

        public IGrainContext? SourceContext => source;

        protected override async ValueTask<bool> TryFilter(int at)
        {
            if (at >= filters.Count)
            {
                return false;
            }

            await filters[at].Invoke(this);
            return true;
        }

        protected override Task<object?> Final() => send(Arguments);
    }

    internal sealed class IncomingCall(IReadOnlyList<IIncomingGrainCallFilter> filters, ActivationData target, MethodEntry method, object?[] arguments, GrainId? source)
        : CallChain(method, arguments, target.GrainId, source), IIncomingGrainCallContext
    {
        public override object Grain => target.GrainInstance!;

        public IGrainContext TargetContext => target;

        public MethodInfo ImplementationMethod
        {
            get
            {
                var map = target.GrainInstance!.GetType().GetInterfaceMap(Method.Method.DeclaringType!);
                return map.TargetMethods[Array.IndexOf(map.InterfaceMethods, Method.Method)];
            }
        }

        protected override async ValueTask<bool> TryFilter(int at)
        {
            var filter = at < filters.Count ? filters[at] : at == filters.Count ? target.GrainInstance as IIncomingGrainCallFilter : null;
            if (filter is null)
            {
                return false;
            }

            await filter.Invoke(this);
            return true;
        }

        protected override Task<object?> Final() => Method.Invoke(target.GrainInstance!, Arguments);
    }

    internal sealed class IncomingDelegateFilter(IncomingGrainCallFilterDelegate filter) : IIncomingGrainCallFilter
    {
        public Task Invoke(IIncomingGrainCallContext context) => filter(context);
    }

    internal sealed class OutgoingDelegateFilter(OutgoingGrainCallFilterDelegate filter) : IOutgoingGrainCallFilter
    {
        public Task Invoke(IOutgoingGrainCallContext context) => filter(context);
    }
}
