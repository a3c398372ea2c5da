// A test waits for its own client and silo most of the time, so two share the processors well. Those that measure, that fill the machine by themselves or that build are alone.
[assembly: CollectionBehavior(MaxParallelThreads = 2)]
