namespace InstanceTasks.Storage;

/// <summary>The few expressions that differ between the stores; everything else that lists need is written once.</summary>
internal abstract class SqlDialect
{
    /// <summary>The plan version of a task <c>t</c>; null when its body cannot be read.</summary>
    public abstract string PlanVersion { get; }

    /// <summary>Ten minutes. It is in the schema, too.</summary>
    public const long UpdatedSlotMicros = 600_000_000;

    /// <summary>The task in a stored answer; null when there is none, or the answer cannot be read.</summary>
    public abstract string AnswerTask { get; }

    /// <summary>Whether a value is one of those in a parameter.</summary>
    public abstract string IsOneOf(string value, string parameter);

    /// <summary>A scalar member of an instance's JSON body as text or number; SQL null when it is not there.</summary>
    public abstract string BodyValue(string member);

    /// <summary>Whether an instance's tags have the value of a parameter.</summary>
    public abstract string HasTag(string parameter);

    /// <summary>Whether an instance's name matches a regular expression.</summary>
    public abstract string NameMatches(SqlFilter sql, string pattern);

    /// <summary>The column with an instance's last change in whole <see cref="UpdatedSlotMicros"/>, which has the index; null: the time itself has it.</summary>
    public virtual string? UpdatedSlot => null;

    /// <summary>What stands behind a table's name so that its rows are found by an index. Nothing where the planner knows by its statistics.</summary>
    public abstract string Indexed(string? index);
}
