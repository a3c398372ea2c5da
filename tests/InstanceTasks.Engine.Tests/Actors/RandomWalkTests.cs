using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Actors;

/// <summary>Anything in any order, from a seed: whatever was accepted ends, and the invariants hold after every commit.</summary>
public sealed class RandomWalkTests
{
    private const int Seeds = 90;

    [Fact]
    public async Task Walk_AnythingHappens_EveryAcceptedTaskEnds()
    {
        var seen = new HashSet<string>();
        for (var seed = 0; seed < Seeds; seed++)
        {
            try
            {
                seen.UnionWith(await new Walk(seed).RunAsync());
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"Seed {seed}: {e.Message}", e);
            }
        }

        // Walks on which nothing happens prove nothing.
        Assert.Superset(new HashSet<string> { "succeeded", "failed", "canceled", "superseded", "trouble", "process died", "observed", "retried", "attention" }, seen);
    }

    private sealed class Walk
    {
        private readonly Cluster _cluster = new();
        private readonly Random _random;
        private readonly List<InstanceId> _instances = [];
        private bool _calm;

        public Walk(int seed)
        {
            _random = new Random(seed);
            _instances.AddRange([_cluster.Add().Id, _cluster.Add(VmState.Stopped).Id]);
            _cluster.Journal.Script = (_, _) => !_calm && _random.Next(100) < 5 ? (Trouble)_random.Next(1, 5) : Trouble.None;
            _cluster.World.Otherwise = () => _calm ? Act.Succeed : Pick(
                (60, Act.Succeed), (10, Act.FailRetryable), (5, Act.FailFinal), (10, Act.Hang), (10, Act.HangAfterEffect), (3, Act.NotBegun), (2, Act.Abandon));
        }

        public async Task<IReadOnlySet<string>> RunAsync()
        {
            for (var i = 0; i < 40; i++)
            {
                await StepAsync();
            }

            await CalmDownAsync();
            Assert.Empty(_cluster.Defects);
            Assert.All(_cluster.Journal.Tasks.Values, t => Assert.True(t.Record.IsEnded, $"{t.Record.Kind} is {t.Record.State}"));
            Invariants.CheckWorld(_cluster, errors: false);
            return Seen();
        }

        private HashSet<string> Seen()
        {
            var events = _cluster.Journal.Tasks.Values.SelectMany(t => t.Rows).SelectMany(r => r.Events).ToList();
            HashSet<string> seen = [.. _cluster.Journal.Tasks.Values.Where(t => t.Rows.Count > 0).Select(t => t.Record.State)];
            Add("superseded", events.Exists(e => e is IntentSet { Intent: TaskIntent.Supersede }));
            Add("trouble", _cluster.Journal.Troubles > 0);
            Add("process died", _cluster.Nodes.Count > 1);
            Add("observed", _cluster.World.Observed > 0);
            Add("retried", events.Exists(e => e is AttemptFailed));
            Add("attention", events.Exists(e => e is AttentionNeeded));
            return seen;

            void Add(string what, bool happened)
            {
                if (happened)
                {
                    seen.Add(what);
                }
            }
        }

        private Task StepAsync() => Pick<Func<Task>>(
            (30, SubmitAsync),
            (20, CommandAsync),
            (5, () => Do(_cluster.Home.LoseActivations)),
            (4, () => Do(Kill)),
            (4, () => Do(() => _cluster.LosesWakes = !_cluster.LosesWakes)),
            (4, () => Do(() => _cluster.LoseHost(Some.Host1))),
            (8, () => Do(() => _cluster.Worker.FinishAll(Pick((3, Act.Succeed), (2, Act.FailRetryable), (1, Act.FailFinal))))),
            (10, _cluster.LookAsync),
            (15, () => _cluster.RunForAsync(TimeSpan.FromMilliseconds(_random.Next(5000)))))();

        private async Task SubmitAsync()
        {
            var kind = new TaskKind(Some.LongKinds.Append("lock").ElementAt(_random.Next(7)));
            if (kind == TaskKinds.Create)
            {
                _instances.Add(InstanceId.New());
            }

            var target = kind == TaskKinds.Create ? _instances[^1] : _instances[_random.Next(_instances.Count)];
            var request = Some.Request(kind, target) with { QueueWhenBusy = _random.Next(2) == 0 };
            var answer = await _cluster.SubmitAsync(request);
            if (answer.Verdict == AcceptVerdict.Unknown)
            {
                await _cluster.Journal.RefuseAsync(request.Task);
            }
        }

        private async Task CommandAsync()
        {
            var open = _cluster.Journal.Tasks.Values.Where(t => !t.Record.IsEnded).ToList();
            if (open.Count > 0)
            {
                var kind = Pick(
                    (4, TaskCommandKind.Cancel), (3, TaskCommandKind.Pause), (3, TaskCommandKind.Resume), (2, TaskCommandKind.Retry), (1, TaskCommandKind.Abandon));
                await _cluster.CommandAsync(open[_random.Next(open.Count)].Record.Id, kind, "by chance");
            }
        }

        private void Kill()
        {
            var dead = _cluster.Home;
            _cluster.Home = _cluster.AddNode();
            dead.Kill();
            _cluster.Time.Once(TimeSpan.FromSeconds(3), () => _cluster.EndLease(dead));
        }

        /// <summary>Nothing goes wrong any more; what waits for somebody is resumed, tried again, and given up at last.</summary>
        private async Task CalmDownAsync()
        {
            (_calm, _cluster.LosesWakes) = (true, false);
            for (var round = 0; round < 12; round++)
            {
                while (_cluster.Worker.FinishAll(Act.FailRetryable))
                {
                    await _cluster.RunAsync();
                }

                await _cluster.RunToRestAsync(recovery: true);
                foreach (var task in _cluster.Journal.Tasks.Values.Select(t => t.Record).Where(t => t.Run == TaskRun.Paused).ToList())
                {
                    var kind = task.Outcome == TaskOutcome.None ? TaskCommandKind.Resume : round < 3 ? TaskCommandKind.Retry : TaskCommandKind.Abandon;
                    await _cluster.CommandAsync(task.Id, kind, "at last");
                }
            }
        }

        private T Pick<T>(params (int Weight, T Value)[] choices)
        {
            var at = _random.Next(choices.Sum(c => c.Weight));
            return choices.First(c => (at -= c.Weight) < 0).Value;
        }

        private static Task Do(Action action)
        {
            action();
            return Task.CompletedTask;
        }
    }
}
