using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans.Polyfill;

/// <summary>Refuses at silo start what the real generator, its analyzers or its validators refuse.</summary>
internal static class StartupChecks
{
    public static void Run(TypeManifest manifest, GrainCollectionOptions collection)
    {
        if (collection.CollectionAge <= collection.CollectionQuantum)
        {
            throw new OrleansConfigurationException(
                $"{nameof(GrainCollectionOptions)}.{nameof(collection.CollectionAge)} is set to {collection.CollectionAge}. It must be greater than {nameof(collection.CollectionQuantum)}, which is set to {collection.CollectionQuantum}.");
        }

        var errors = ContractRules.Check(manifest).ToList();
        if (errors.Count > 0)
        {
            throw new OrleansConfigurationException("The application has types that Orleans refuses:" + string.Concat(errors.Select(e => "\n- " + e)));
        }
    }
}
