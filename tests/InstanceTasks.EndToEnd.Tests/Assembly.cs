// Each test has processes and disks of its own to load; side by side on two cores they would measure one another.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
