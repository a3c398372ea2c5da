// One cluster at a time: what a cell takes is measured, and two cores are shared by hundreds of cells as it is.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
