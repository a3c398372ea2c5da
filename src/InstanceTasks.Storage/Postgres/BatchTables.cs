using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

/// <summary>The <c>t_</c> arrays: a task's row and its event row.</summary>
internal sealed class BatchTasks : BatchTable
{
    private readonly BatchColumn<int> _commit, _step, _shard, _ended, _fault;
    private readonly BatchColumn<string?> _id, _instance, _project, _user, _kind, _state, _taskState, _request, _host, _body, _types, _events;
    private readonly BatchColumn<long> _generation, _epoch, _seq, _wakesRead, _created, _updated;
    private readonly BatchColumn<long?> _dueIn, _finished, _guard;
    private readonly BatchColumn<string?> _parent;

    public BatchTasks()
    {
        (_commit, _step, _shard, _ended, _fault) = (Int("t_commit"), Int("t_step"), Int("t_shard"), Int("t_ended"), Int("t_fault"));
        (_id, _instance, _project, _user) = (Text("t_id"), Text("t_instance"), Text("t_project"), Text("t_user"));
        (_kind, _state, _taskState, _request, _host) = (Text("t_kind"), Text("t_state"), Text("t_task_state"), Text("t_request"), Text("t_host"));
        (_body, _types, _events) = (Text("t_body"), Text("t_types"), Text("t_events"));
        (_generation, _epoch, _seq) = (Long("t_generation"), Long("t_epoch"), Long("t_seq"));
        (_wakesRead, _created, _updated) = (Long("t_wakes_read"), Long("t_created"), Long("t_updated"));
        (_dueIn, _finished, _guard) = (LongOrNull("t_due_in"), LongOrNull("t_finished"), LongOrNull("t_guard"));
        _parent = Text("t_parent");
    }

    public void Add(int commit, PreparedTask task, ParentGuard? guard)
    {
        var record = task.Record;
        // Otherwise its parent's row need not even be locked.
        _parent.Add(ChildCounting.Of(record) is { } counted ? counted.Parent.ToString() : null);
        _guard.Add(guard is { } g && record.Parent == g.Parent && record.Seq == 1 ? g.Seq : null);
        _commit.Add(commit);
        AddKeys(task);
        _state.Add(task.State);
        _taskState.Add(record.TaskState);
        _step.Add(record.Step);
        _host.Add(record.Host?.Value);
        _generation.Add(record.Generation);
        _epoch.Add(record.Epoch);
        _seq.Add(record.Seq);
        _ended.Add(record.IsEnded ? 1 : 0);
        _fault.Add(task.IsFault ? 1 : 0);
        _dueIn.Add(record.IsEnded || task.Write.DueIn is not { } dueIn ? null : UnixMicros.Of(dueIn));
        _wakesRead.Add(task.Write.WakesRead);
        _updated.Add(UnixMicros.Of(record.UpdatedAt));
        _finished.Add(UnixMicros.Of(record.FinishedAt));
        _body.Add(task.Body);
        _types.Add(task.EventTypes);
        _events.Add(task.Events);
    }

    private void AddKeys(PreparedTask task)
    {
        var record = task.Record;
        _id.Add(task.Id);
        _instance.Add(task.InstanceId);
        _project.Add(record.Project.Value);
        _user.Add(record.User.Value);
        _kind.Add(record.Kind.Name);
        _request.Add(record.Request.Value);
        _shard.Add(Shards.Of(record.Instance));
        _created.Add(UnixMicros.Of(record.CreatedAt));
    }
}

/// <summary>The <c>i_</c> arrays: instances by compare-and-set.</summary>
internal sealed class BatchInstances : BatchTable
{
    private readonly BatchColumn<int> _commit, _deleted, _locked;
    private readonly BatchColumn<string?> _id, _project, _user, _name, _vmState, _host, _holder, _flavor, _image, _key, _reservation, _zone, _body;
    private readonly BatchColumn<long> _expected, _created, _updated;
    private readonly BatchColumn<long?> _deletedAt;

    public BatchInstances()
    {
        (_commit, _deleted, _locked) = (Int("i_commit"), Int("i_deleted"), Int("i_locked"));
        (_id, _project, _user, _name, _vmState) = (Text("i_id"), Text("i_project"), Text("i_user"), Text("i_name"), Text("i_vm_state"));
        (_host, _holder, _flavor, _image, _key) = (Text("i_host"), Text("i_holder"), Text("i_flavor"), Text("i_image"), Text("i_key"));
        (_reservation, _zone, _body) = (Text("i_reservation"), Text("i_zone"), Text("i_body"));
        (_expected, _created, _updated, _deletedAt) = (Long("i_expected"), Long("i_created"), Long("i_updated"), LongOrNull("i_deleted_at"));
    }

    public void Add(int commit, PreparedInstance instance)
    {
        var record = instance.Record;
        _commit.Add(commit);
        _id.Add(instance.Id);
        _expected.Add(record.Version - 1);
        _project.Add(record.Project.Value);
        _user.Add(record.User.Value);
        _name.Add(record.Name);
        _vmState.Add(instance.VmState);
        _deleted.Add(instance.Deleted ? 1 : 0);
        _host.Add(record.Host?.Value);
        _holder.Add(record.Holder?.Id.ToString());
        _flavor.Add(record.Flavor.Id);
        _image.Add(record.ImageId);
        _key.Add(record.KeyName);
        _locked.Add(record.Locked ? 1 : 0);
        _reservation.Add(record.ReservationId);
        _zone.Add(record.AvailabilityZone);
        _created.Add(UnixMicros.Of(record.CreatedAt));
        _updated.Add(UnixMicros.Of(record.UpdatedAt));
        _deletedAt.Add(UnixMicros.Of(record.TerminatedAt));
        _body.Add(instance.Body);
    }
}

/// <summary>The <c>k_</c> arrays: idempotency keys.</summary>
internal sealed class BatchKeys : BatchTable
{
    private readonly BatchColumn<int> _commit;
    private readonly BatchColumn<string?> _project, _user, _key, _answer;
    private readonly BatchColumn<byte[]> _hash;

    public BatchKeys() =>
        (_commit, _project, _user, _key, _hash, _answer) = (Int("k_commit"), Text("k_project"), Text("k_user"), Text("k_key"), Bytes("k_hash"), Text("k_answer"));

    public void Add(int commit, IdempotencyClaim key, string answer)
    {
        _commit.Add(commit);
        _project.Add(key.Project.Value);
        _user.Add(key.User.Value);
        _key.Add(key.Key);
        _hash.Add(key.BodyHash);
        _answer.Add(answer);
    }
}

/// <summary>The <c>q_</c> arrays: quota deltas, and the projects that they are about, each once.</summary>
internal sealed class BatchQuota : BatchTable
{
    private readonly Dictionary<string, int> _rows = new(StringComparer.Ordinal);
    private readonly List<QuotaChange> _changes = [];
    private readonly BatchColumn<string?> _projects;
    private readonly BatchColumn<int> _commit, _row, _instances, _cores, _ram;

    public BatchQuota()
    {
        _projects = Text("q_projects");
        (_commit, _row, _instances, _cores, _ram) = (Int("q_commit"), Int("q_row"), Int("q_instances"), Int("q_cores"), Int("q_ram"));
    }

    /// <summary>The change with a number from 1, as the function counts.</summary>
    public QuotaChange this[int number] => _changes[number - 1];

    public void Add(int commit, QuotaChange change)
    {
        _changes.Add(change);
        _commit.Add(commit);
        _row.Add(RowOf(change.Project.Value));
        _instances.Add(change.Instances);
        _cores.Add(change.Cores);
        _ram.Add(change.RamMb);
    }

    /// <summary>Empties the arrays and what is known about them.</summary>
    public void Reset()
    {
        Clear();
        _rows.Clear();
        _changes.Clear();
    }

    private int RowOf(string project)
    {
        if (!_rows.TryGetValue(project, out var row))
        {
            _projects.Add(project);
            _rows.Add(project, row = _projects.Count);
        }

        return row;
    }
}

/// <summary>The <c>c_</c> arrays: capacity taken and released.</summary>
internal sealed class BatchClaims : BatchTable
{
    private readonly BatchColumn<int> _commit, _vcpus, _memory, _disk;
    private readonly BatchColumn<string?> _instance, _task, _host;
    private readonly BatchColumn<bool> _take;

    public BatchClaims()
    {
        (_commit, _instance, _task, _host) = (Int("c_commit"), Text("c_instance"), Text("c_task"), Text("c_host"));
        (_vcpus, _memory, _disk, _take) = (Int("c_vcpus"), Int("c_memory"), Int("c_disk"), Bool("c_take"));
    }

    public void Add(int commit, ClaimChange change)
    {
        _commit.Add(commit);
        _instance.Add(change.Instance.ToString());
        _task.Add(change.Task.ToString());
        _host.Add(change.Host?.Value);
        _vcpus.Add(change.Resources.Vcpus);
        _memory.Add(change.Resources.MemoryMb);
        _disk.Add(change.Resources.DiskGb);
        _take.Add(change.Take);
    }
}

/// <summary>The <c>w_</c> arrays: tasks to wake.</summary>
internal sealed class BatchWakes : BatchTable
{
    private readonly BatchColumn<int> _commit;
    private readonly BatchColumn<string?> _task;

    public BatchWakes() => (_commit, _task) = (Int("w_commit"), Text("w_task"));

    public void Add(int commit, TaskId task)
    {
        _commit.Add(commit);
        _task.Add(task.ToString());
    }
}

/// <summary>The <c>s_</c> arrays: sealed values.</summary>
internal sealed class BatchSecrets : BatchTable
{
    private readonly BatchColumn<int> _commit, _dies;
    private readonly BatchColumn<string?> _owner, _name;
    private readonly BatchColumn<byte[]> _ciphertext;

    public BatchSecrets() =>
        (_commit, _owner, _name, _ciphertext, _dies) = (Int("s_commit"), Text("s_owner"), Text("s_name"), Bytes("s_ciphertext"), Int("s_dies"));

    public void Add(int commit, SecretWrite secret)
    {
        _commit.Add(commit);
        _owner.Add(secret.Owner.ToString());
        _name.Add(secret.Name);
        _ciphertext.Add(secret.Ciphertext);
        _dies.Add(secret.DiesWithInstance ? 1 : 0);
    }
}

/// <summary>The <c>m_</c> arrays: images.</summary>
internal sealed class BatchImages : BatchTable
{
    private readonly BatchColumn<int> _commit, _change, _disk, _shelved;
    private readonly BatchColumn<string?> _id, _project, _name, _properties, _instance, _task;
    private readonly BatchColumn<long> _created, _updated;

    public BatchImages()
    {
        (_commit, _change, _disk, _shelved) = (Int("m_commit"), Int("m_change"), Int("m_disk"), Int("m_shelved"));
        (_id, _project, _name, _properties) = (Text("m_id"), Text("m_project"), Text("m_name"), Text("m_properties"));
        (_instance, _task, _created, _updated) = (Text("m_instance"), Text("m_task"), Long("m_created"), Long("m_updated"));
    }

    public void Add(int commit, PreparedImage image)
    {
        var record = image.Record;
        _commit.Add(commit);
        _change.Add((int)image.Kind);
        _id.Add(record.Id);
        _project.Add(record.Project.Value);
        _name.Add(record.Name);
        _disk.Add(record.MinDiskGb);
        _properties.Add(image.Properties);
        _instance.Add(image.Instance);
        _task.Add(image.Task);
        _shelved.Add(record.Shelved ? 1 : 0);
        _created.Add(UnixMicros.Of(record.CreatedAt));
        _updated.Add(UnixMicros.Of(record.UpdatedAt));
    }
}
