using System.Net;
using System.Security.Cryptography;
using System.Text;
using InstanceTasks.Api.Wire;

namespace InstanceTasks.Api.Auth;

/// <summary>
/// Checks passwords. A right one is remembered for a minute, by a keyed hash, so that not every request pays for the slow one; a user that is not
/// there costs the same time as one that is; only so many are checked at once, and those who guess wait (see <see cref="BackOff"/>).
/// </summary>
internal sealed class PasswordCheck(UsersFile users, TimeProvider time) : IDisposable
{
    private const int LongestName = 64;
    private const int LongestPassword = 1024;
    private const int Remembered = 10_000;
    private const int MostWaiting = 64;
    private const int MostWaitingOfOne = 16;
    private static readonly TimeSpan RememberFor = TimeSpan.FromMinutes(1);
    private static readonly string NobodysHash = PasswordHashes.Of(Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly ExpiringCache<bool> _right = new(time, Remembered);
    private readonly SemaphoreSlim _places = new(Math.Max(1, Environment.ProcessorCount / 2));
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _waiting = new(StringComparer.Ordinal);

    public BackOff BackOff { get; } = new(time);

    /// <summary>The user; null: no such pair of name and password.</summary>
    /// <exception cref="ApiFault">429: too many wrong ones, or too many at once.</exception>
    public async ValueTask<UserEntry?> FindAsync(string name, string password, IPAddress address, CancellationToken cancellationToken)
    {
        if (name.Length > LongestName || password.Length > LongestPassword)
        {
            return null;
        }

        var (user, from) = (users.Current.Find(name), CallerAddress.Of(address));
        var pair = PairOf(user, password, from);
        if (user is not null && _right.TryGet(pair, out _))
        {
            return user;
        }

        if (!TryWait(from))
        {
            throw ApiFault.TooMany("Too many passwords are being checked.", TimeSpan.FromSeconds(1));
        }

        try
        {
            await _places.WaitAsync(cancellationToken);
            try
            {
                return Check(user, name, password, pair, from);
            }
            finally
            {
                _places.Release();
            }
        }
        finally
        {
            Leave(from);
        }
    }

    public void Dispose() => _places.Dispose();

    /// <summary>Whoever sends many names at once takes places of his own, and leaves the others theirs.</summary>
    private bool TryWait(string from)
    {
        lock (_gate)
        {
            var mine = _waiting.GetValueOrDefault(from);
            if (mine >= MostWaitingOfOne || _waiting.Values.Sum() >= MostWaiting)
            {
                return false;
            }

            _waiting[from] = mine + 1;
            return true;
        }
    }

    private void Leave(string from)
    {
        lock (_gate)
        {
            if (--_waiting[from] == 0)
            {
                _waiting.Remove(from);
            }
        }
    }

    private UserEntry? Check(UserEntry? user, string name, string password, string pair, string address)
    {
        if (BackOff.Left(name, address) is { Ticks: > 0 } left)
        {
            throw ApiFault.TooMany("Too many wrong passwords.", left);
        }

        if (!PasswordHashes.Verify(user?.PasswordHash ?? NobodysHash, password) || user is null)
        {
            BackOff.Failed(name, address);
            return null;
        }

        BackOff.Succeeded(name, address);
        _right.Set(pair, true, RememberFor);
        return user;
    }

    // With the hash in it, so that a changed password counts at once; and with the address, so that who guesses from elsewhere is not answered from memory, past his back-off.
    private string PairOf(UserEntry? user, string password, string address) =>
        Convert.ToBase64String(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{address}\n{user?.Name}\n{user?.PasswordHash}\n{password}")));
}
