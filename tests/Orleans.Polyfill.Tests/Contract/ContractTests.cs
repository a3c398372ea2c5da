namespace Orleans.Polyfill.Tests.Contract;

/// <summary>Code that compiles against the polyfill compiles against the packages: compared by metadata, as far as the feed has the assemblies.</summary>
public sealed class ContractTests
{
    private const string OurOwn = "Orleans.Polyfill";

    private static readonly PublicApi Ours = PublicApi.Read(Path.Combine(AppContext.BaseDirectory, "Orleans.Polyfill.dll"));

    [RealAssembliesFact]
    public void PublicTypes_WithARealCounterpart_HaveItsShapeAndMembers()
    {
        var compared = Ours.Types.Values.Where(type => RealAssemblies.Api.Types.ContainsKey(type.Name)).ToList();
        Assert.True(compared.Count >= 30, $"only {compared.Count} types were compared");
        None(compared.SelectMany(type => Comparison.Of(WithoutTheOthers(type), RealAssemblies.Api)));
    }

    [RealAssembliesFact]
    public void PublicTypes_OfAssembliesThatAreMissing_HaveTheMembersThatRealOnesAreCompiledAgainst()
    {
        // What is here is compared as a whole, and assemblies of one product see what others have for them alone.
        var missing = Ours.Types.Values.Where(type => !RealAssemblies.Api.Types.ContainsKey(type.Name)).ToList();
        var compared = missing.Where(type => RealAssemblies.Api.References.Any(reference => reference.Type == type.Name && type.Members.Any(member => member.Key == reference.Key))).ToList();
        Assert.True(compared.Count >= 10 || IsHere("Orleans.Core"), $"only {compared.Count} types were compared");
        None(missing.SelectMany(type => Comparison.OfReferences(type, RealAssemblies.Api)));
    }

    [RealAssembliesFact]
    public void PublicTypes_WithoutARealCounterpart_AreKnownToLiveInAssembliesThatAreMissing() =>
        None(Ours.Types.Keys
            .Where(name => !RealAssemblies.Api.Types.ContainsKey(name) && !RealAssemblies.Api.Elsewhere.ContainsKey(name) && !KnownElsewhere.Types.ContainsKey(name))
            .Where(name => !IsOurOwn(name) && !KnownElsewhere.Types.ContainsKey(name.Split('+')[0]))
            .Select(name => $"{name}: in none of the real assemblies, and not in {nameof(KnownElsewhere)}{Namesake(name)}"));

    [RealAssembliesFact]
    public void KnownElsewhere_EachTypeOfAnAssemblyThatIsMissing_IsNotInTheOthers() =>
        None(KnownElsewhere.Types.Where(known => !IsHere(known.Value)).Select(known => known.Key).Where(RealAssemblies.Api.Types.ContainsKey).Except(KnownElsewhere.Shared, StringComparer.Ordinal));

    [RealAssembliesFact]
    public void KnownElsewhere_EachTypeOfAnAssemblyThatIsHere_IsInIt() =>
        None(KnownElsewhere.Types.Where(known => IsHere(known.Value) && !RealAssemblies.Api.Homes.Contains((known.Key, known.Value))).Select(known => $"{known.Key} is not in {known.Value}"));

    [RealAssembliesFact]
    public void KnownElsewhere_EachTypeThatRealAssembliesMention_IsInTheAssemblyThatTheySay() =>
        None(KnownElsewhere.Types.Where(known => RealAssemblies.Api.Elsewhere.TryGetValue(known.Key, out var assembly) && assembly != known.Value)
            .Select(known => $"{known.Key}: known in {known.Value}, mentioned in {RealAssemblies.Api.Elsewhere[known.Key]}"));

    [Fact]
    public void Comparison_OfPlantedDifferences_FindsEach()
    {
        var planted = PublicApi.Read(typeof(ContractTests).Assembly.Location);
        var real = new PublicApi();
        real.Types["T"] = Rename(planted.Types[typeof(Planted.Real).FullName!]);
        var found = Comparison.Of(Rename(planted.Types[typeof(Planted.Ours).FullName!]), real);
        string[] expected =
        [
            "is open, there sealed",
            "implements System.IDisposable, there not",
            "'System.Int64 Changed(System.Int32)' is not there; there are 'System.Int32 Changed(System.Int32)'",
            "'System.Void Extra()' is not there",
            "'System.Void Dispose()' is not there",
            "'System.Void Named(System.Int32)' has the parameters (other), there (count = 3)",
            "'System.Void Constrained`1(!!0)' has the constraints 'None', there 'ReferenceTypeConstraint'",
            "'System.Void Old()' is obsolete there",
            "'System.Void Protected()' is public, there protected",
            "'System.Void Static()' is an instance member, there static",
            "'System.Void Overridable()' can be overridden, there not",
            "'System.Threading.Tasks.Task`1<System.String> Nullable(System.Collections.Generic.List`1<System.Int32>, System.String)' has the nullability 11 1 1, there 12 1 2 (result, then parameters; 1 not null, 2 maybe null, 0 unknown)",
            "'property Required' is required there",
            "'field System.Int32 Constant' is 2, there 1",
        ];
        Assert.Equal(expected.Select(difference => $"T: {difference}").Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Comparison_OfATypeWithItself_FindsNothing()
    {
        var planted = PublicApi.Read(typeof(ContractTests).Assembly.Location);
        Assert.NotEmpty(planted.Types[typeof(Planted.Real).FullName!].Members);
        Assert.Empty(Comparison.Of(planted.Types[typeof(Planted.Real).FullName!], planted));
    }

    private static bool IsHere(string assembly) => RealAssemblies.Paths.Select(Path.GetFileNameWithoutExtension).Contains(assembly);

    // Where one of the assemblies that share a name is missing, its members are not there to be compared with.
    private static ApiType WithoutTheOthers(ApiType type) => KnownElsewhere.Shared.Contains(type.Name) && !IsHere(KnownElsewhere.Types[type.Name])
        ? type with { Members = [.. type.Members.Where(member => RealAssemblies.Api.Types[type.Name].Members.Any(theirs => theirs.Name == member.Name))] }
        : type;

    private static string Namesake(string name) =>
        RealAssemblies.Api.Types.Keys.FirstOrDefault(real => real.Split('.')[^1] == name.Split('.')[^1]) is { } namesake ? $"; there is {namesake}" : "";

    private static ApiType Rename(ApiType type) => type with { Name = "T" };

    private static bool IsOurOwn(string name) => name.StartsWith(OurOwn + ".", StringComparison.Ordinal);

    private static void None(IEnumerable<string> differences)
    {
        var all = differences.Order(StringComparer.Ordinal).ToList();
        Assert.True(all.Count == 0, $"{all.Count} difference(s) between the polyfill and Orleans:\n  {string.Join("\n  ", all)}");
    }
}
