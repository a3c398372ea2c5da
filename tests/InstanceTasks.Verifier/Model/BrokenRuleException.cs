namespace InstanceTasks.Verifier.Model;

/// <summary>The properties that are checked.</summary>
internal enum Property
{
    /// <summary>Everything in the tables is reached.</summary>
    Reached = 0,

    /// <summary>From everywhere a stable situation can be reached, and every task can end.</summary>
    NoDeadEnd = 1,

    /// <summary>Every message, command and request has an answer in every state.</summary>
    Defined = 2,

    /// <summary>The instance is busy exactly while a task that has not ended has it, and its lists are its tasks' states.</summary>
    BusyIsTrue = 3,

    /// <summary>A superseded task starts no effect, and effects of one machine come one after the other.</summary>
    EffectsInOrder = 4,

    /// <summary>An ended task is never changed.</summary>
    EndedStays = 5,

    /// <summary>Room on the host is taken exactly while the instance, or a create on its way, has it.</summary>
    ClaimIsTrue = 6,

    /// <summary>When all is quiet the machine is as the record says.</summary>
    RecordIsTrue = 7,
}

/// <summary>A step of the model broke a property.</summary>
internal sealed class BrokenRuleException(Property property, string message) : Exception(message)
{
    public Property Property { get; } = property;
}

/// <summary>A step is beyond the bounds: it is left out, and counted.</summary>
internal sealed class BeyondBoundsException : Exception;
