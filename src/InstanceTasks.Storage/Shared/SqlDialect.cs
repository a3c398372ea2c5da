namespace InstanceTasks.Storage;

/// <summary>The few expressions that differ between the stores; everything else that lists need is written once.</summary>
internal abstract class SqlDialect
{
    /// <summary>Ten minutes. It is in the schema, too.</summary>
    public const long UpdatedSlotMicros = 600_000_000;

    /// <summary>A scalar member of an instance's JSON body as text or number; SQL null when it is not there.</summary>
    public abstract string BodyValue(string member);

    /// <summary>Whether an instance's tags have the value of a parameter.</summary>
    public abstract string HasTag(string parameter);

    /// <summary>Whether an instance's name matches a parameter's regular expression.</summary>
    public abstract string NameMatches(string parameter);

    /// <summary>The column with an instance's last change in whole <see cref="UpdatedSlotMicros"/>, which has the index; null: the time itself has it.</summary>
    public virtual string? UpdatedSlot => null;
}
