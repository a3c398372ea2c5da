namespace Orleans.Runtime
{
    /// <summary>Base of the runtime's exceptions.</summary>
    [GenerateSerializer]
    public class OrleansException : Exception
    {
        public OrleansException() : base("Unexpected error.")
        {
        }

        public OrleansException(string message) : base(message)
        {
        }

        public OrleansException(string message, Exception innerException) : base(message, innerException)
        {
        }
    }

    /// <summary>The runtime refused a message.</summary>
    [GenerateSerializer]
    public class OrleansMessageRejectionException : OrleansException
    {
        internal OrleansMessageRejectionException(string message) : base(message)
        {
        }

        internal OrleansMessageRejectionException(string message, Exception innerException) : base(message, innerException)
        {
        }
    }

    /// <summary>The silo that should have answered is gone, or the own host is stopping; whether the request was executed is unknown.</summary>
    [GenerateSerializer]
    public sealed class SiloUnavailableException : OrleansMessageRejectionException
    {
        public SiloUnavailableException() : base("Silo unavailable")
        {
        }

        public SiloUnavailableException(string msg) : base(msg)
        {
        }

        public SiloUnavailableException(string message, Exception innerException) : base(message, innerException)
        {
        }
    }

    /// <summary>A lifecycle was cancelled while it started.</summary>
    [GenerateSerializer]
    public sealed class OrleansLifecycleCanceledException : OrleansException
    {
        internal OrleansLifecycleCanceledException(string message, Exception innerException) : base(message, innerException)
        {
        }
    }

    /// <summary>The configuration is wrong.</summary>
    [GenerateSerializer]
    public sealed class OrleansConfigurationException : Exception
    {
        public OrleansConfigurationException(string message) : base(message)
        {
        }

        public OrleansConfigurationException(string message, Exception innerException) : base(message, innerException)
        {
        }
    }

    /// <summary>A reminder could not be written or removed, because someone else changed it.</summary>
    [GenerateSerializer]
    public sealed class ReminderException : OrleansException
    {
        public ReminderException(string message) : base(message)
        {
        }
    }
}

namespace Orleans.Storage
{
    /// <summary>The stored state is not the one that this activation last read or wrote.</summary>
    [GenerateSerializer]
    public class InconsistentStateException : Orleans.Runtime.OrleansException
    {
        public InconsistentStateException()
        {
        }

        public InconsistentStateException(string message) : base(message)
        {
        }

        public InconsistentStateException(string message, Exception? innerException) : base(message, innerException!)
        {
        }

        public InconsistentStateException(string errorMsg, string? storedEtag, string? currentEtag, Exception? storageException) : base(errorMsg, storageException!)
        {
            StoredEtag = storedEtag;
            CurrentEtag = currentEtag;
        }

        public InconsistentStateException(string errorMsg, string? storedEtag, string? currentEtag) : this(errorMsg, storedEtag, currentEtag, null)
        {
        }

        public InconsistentStateException(string? storedEtag, string? currentEtag, Exception storageException)
            : this(storageException.Message, storedEtag, currentEtag, storageException)
        {
        }

        [Id(0)]
        public string? StoredEtag { get; private set; }

        [Id(1)]
        public string? CurrentEtag { get; private set; }

        // Only a conflict of the activation's own state replaces the activation. It does not travel.
        [field: NonSerialized]
        internal Orleans.Runtime.IGrainContext? Activation { get; set; }

        public override string ToString() => $"{base.ToString()} StoredEtag={StoredEtag ?? "null"} CurrentEtag={CurrentEtag ?? "null"}";
    }

    /// <summary>A provider is missing or wrongly configured.</summary>
    [GenerateSerializer]
    public sealed class BadProviderConfigException : Orleans.Runtime.OrleansException
    {
        public BadProviderConfigException()
        {
        }

        public BadProviderConfigException(string msg) : base(msg)
        {
        }

        public BadProviderConfigException(string msg, Exception exc) : base(msg, exc)
        {
        }
    }
}

namespace Orleans.Serialization
{
    /// <summary>Base of the serializer's exceptions.</summary>
    [GenerateSerializer]
    public class SerializerException : Exception
    {
        public SerializerException()
        {
        }

        public SerializerException(string message) : base(message)
        {
        }

        public SerializerException(string message, Exception innerException) : base(message, innerException)
        {
        }
    }

    /// <summary>A type that would have to travel has no serializer.</summary>
    [GenerateSerializer]
    public sealed class CodecNotFoundException : SerializerException
    {
        public CodecNotFoundException(string message) : base(message)
        {
        }
    }
}
