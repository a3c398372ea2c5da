namespace Orleans.Polyfill.Tests.Contract;

/// <summary>
/// What code could use of ours that the real assemblies would refuse, or take differently. What ours lacks is no difference: code that
/// needs it does not compile here, and that is seen at once.
/// </summary>
internal sealed class Comparison(PublicApi real)
{
    private readonly List<string> differences = [];

    public static IReadOnlyList<string> Of(ApiType ours, PublicApi real)
    {
        var comparison = new Comparison(real);
        comparison.Compare(ours, real.Types[ours.Name]);
        return comparison.differences;
    }

    /// <summary>
    /// The real assemblies were compiled against some members of types that they do not hold. Where ours has a method of that
    /// name and number of parameters, it must be that one, or have that one, too.
    /// </summary>
    public static IEnumerable<string> OfReferences(ApiType ours, PublicApi real) => real.References
        .Where(reference => reference.Type == ours.Name && reference.Name != ".ctor")
        .Where(reference => ours.Members.Any(member => member.Name == reference.Name && member.Parameters.Count == reference.Parameters) && ours.Members.All(member => member.Key != reference.Key))
        .Select(reference => $"{ours.Name}: the real assemblies are compiled against '{reference.Key}', here there is {string.Join(" and ", ours.Members.Where(member => member.Name == reference.Name).Select(member => $"'{member.Key}'"))}");

    private void Compare(ApiType ours, ApiType theirs)
    {
        Check(ours.Kind == theirs.Kind, ours, $"is a {ours.Kind}, there a {theirs.Kind}");
        Check(ours.IsSealed || !theirs.IsSealed, ours, "is open, there sealed");
        Check(ours.IsAbstract || !theirs.IsAbstract, ours, "can be created, there it is abstract or static");
        Check(ours.Kind == "interface" || ours.IsAbstract != true || ours.IsSealed != true || (theirs.IsAbstract && theirs.IsSealed), ours, "is static, there not");
        Check(ours.Base == "System.Object" || Ancestors(theirs).Contains(ours.Base), ours, $"derives from {ours.Base}, there from {theirs.Base}");
        Check(ours.Constraints == theirs.Constraints, ours, $"has the constraints '{ours.Constraints}', there '{theirs.Constraints}'");
        Check(ours.Usage == theirs.Usage, ours, $"has the attribute usage '{ours.Usage}', there '{theirs.Usage}'");
        Check(ours.IsExperimental || !theirs.IsExperimental, ours, "is experimental there (an error until suppressed)");
        var offered = AllInterfaces(theirs);
        foreach (var extra in ours.Interfaces.Where(candidate => !offered.Contains(candidate)))
        {
            differences.Add($"{ours.Name}: implements {extra}, there not");
        }

        foreach (var member in ours.Members)
        {
            Compare(ours, member, theirs);
        }
    }

    private void Compare(ApiType ours, ApiMember member, ApiType theirs)
    {
        var counterpart = Find(theirs, member);
        if (counterpart is null)
        {
            // An override only changes what a base class offers anyway.
            if (!member.IsOverride)
            {
                differences.Add($"{ours.Name}: '{member.Key}' is not there{Similar(theirs, member)}");
            }

            return;
        }

        var place = $"'{member.Key}'";
        Check(counterpart.IsPublic || !member.IsPublic, ours, $"{place} is public, there protected");
        Check(counterpart.IsStatic == member.IsStatic, ours, $"{place} is {Static(member)}, there {Static(counterpart)}");
        Check(ours.Kind == "interface" || counterpart.IsOverridable || !member.IsOverridable || ours.IsSealed, ours, $"{place} can be overridden, there not");
        Check(member.IsAbstract || !counterpart.IsAbstract, ours, $"{place} has a body, there an implementer must write it");
        Check(member.IsObsolete || !counterpart.IsObsolete, ours, $"{place} is obsolete there");
        Check(member.IsExperimental || !counterpart.IsExperimental, ours, $"{place} is experimental there");
        Check(member.IsRequired == counterpart.IsRequired, ours, $"{place} is {(counterpart.IsRequired ? "" : "not ")}required there");
        Check(Nullability.Agree(member.Nullability, counterpart.Nullability), ours, $"{place} has the nullability {string.Join(' ', member.Nullability)}, there {string.Join(' ', counterpart.Nullability)} (result, then parameters; 1 not null, 2 maybe null, 0 unknown)");
        Check(member.Constant == counterpart.Constant, ours, $"{place} is {member.Constant}, there {counterpart.Constant}");
        Check(member.Constraints == counterpart.Constraints, ours, $"{place} has the constraints '{member.Constraints}', there '{counterpart.Constraints}'");
        Check(ours.Kind == "delegate" || member.Parameters.SequenceEqual(counterpart.Parameters), ours, $"{place} has the parameters ({string.Join(", ", member.Parameters)}), there ({string.Join(", ", counterpart.Parameters)})");
    }

    private ApiMember? Find(ApiType theirs, ApiMember member) =>
        theirs.Members.FirstOrDefault(candidate => candidate.Key == member.Key)
        ?? Parents(theirs).Select(parent => member.Name == ".ctor" ? null : Find(parent, member)).FirstOrDefault(found => found is not null);

    private IEnumerable<ApiType> Parents(ApiType type) =>
        (type.Kind == "interface" ? type.Interfaces : [type.Base]).Select(name => real.Types.GetValueOrDefault(name)).OfType<ApiType>();

    // Deriving from less offers less.
    private IEnumerable<string> Ancestors(ApiType? type) => type is null ? [] : Ancestors(real.Types.GetValueOrDefault(type.Base)).Prepend(type.Base);

    private HashSet<string> AllInterfaces(ApiType type)
    {
        var all = new HashSet<string>(type.Interfaces, StringComparer.Ordinal);
        foreach (var name in type.Interfaces.Append(type.Base))
        {
            if (real.Types.TryGetValue(name, out var parent))
            {
                all.UnionWith(AllInterfaces(parent));
            }
        }

        return all;
    }

    private void Check(bool same, ApiType ours, string difference)
    {
        if (!same)
        {
            differences.Add($"{ours.Name}: {difference}");
        }
    }

    private static string Similar(ApiType theirs, ApiMember member)
    {
        var similar = theirs.Members.Where(candidate => candidate.Name == member.Name).Select(candidate => $"'{candidate.Key}'").ToList();
        return similar.Count == 0 ? "" : $"; there are {string.Join(" and ", similar)}";
    }

    private static string Static(ApiMember member) => member.IsStatic ? "static" : "an instance member";
}
