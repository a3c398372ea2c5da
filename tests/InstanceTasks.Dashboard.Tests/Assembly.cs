// One silo process and one browser serve all flows; side by side they would change each other's instances.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
