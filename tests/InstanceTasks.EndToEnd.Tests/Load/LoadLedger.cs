using System.Collections.Concurrent;
using InstanceTasks.TestKit;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>What the clients were told: every accepted request, and every surprise.</summary>
internal sealed class LoadLedger
{
    private readonly ConcurrentBag<AcceptedRequest> _accepted = [];
    private readonly ConcurrentQueue<string> _surprises = new();

    /// <summary>The accepted requests.</summary>
    public IReadOnlyCollection<AcceptedRequest> Accepted => _accepted;

    /// <summary>Answers that should not have come.</summary>
    public IReadOnlyCollection<string> Surprises => _surprises;

    public void Add(AcceptedRequest request) => _accepted.Add(request);

    public void Surprise(string what) => _surprises.Enqueue(what);
}
