using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Auth;

/// <summary>The users file, read again when it changes. A change that makes no sense is logged, and what was read before stays.</summary>
internal sealed partial class UsersFile
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly ILogger<UsersFile> _log;
    private (DateTime Written, long Length) _seen;
    private long _lookedAt;
    private UserBook _book;

    /// <exception cref="InvalidDataException">It is not there, or makes no sense.</exception>
    public UsersFile(IOptions<ApiOptions> options, TimeProvider time, ILogger<UsersFile> log)
    {
        (_path, _time, _log) = (Path.GetFullPath(options.Value.UsersFile ?? ""), time, log);
        _lookedAt = time.GetTimestamp();
        try
        {
            _seen = Look();
            _book = UserBook.Parse(File.ReadAllText(_path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"the users file {_path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>The users as of the last second.</summary>
    public UserBook Current
    {
        get
        {
            lock (_gate)
            {
                if (_time.GetElapsedTime(_lookedAt) >= LookEvery)
                {
                    _lookedAt = _time.GetTimestamp();
                    ReadIfChanged();
                }

                return _book;
            }
        }
    }

    private void ReadIfChanged()
    {
        try
        {
            var now = Look();
            if (now == _seen)
            {
                return;
            }

            var text = File.ReadAllText(_path);
            // What could be read is not read again before it changes, whatever is in it; what could not be, is.
            _seen = now;
            _book = UserBook.Parse(text);
            LogRead(_log, _path, _book.Count);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            LogNotRead(_log, _path, e.Message);
        }
    }

    private (DateTime Written, long Length) Look()
    {
        var file = new FileInfo(_path);
        return file.Exists ? (file.LastWriteTimeUtc, file.Length) : throw new FileNotFoundException("it does not exist");
    }
}
