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
    private static readonly TimeSpan RememberFor = TimeSpan.FromMinutes(1);
    private static readonly string NobodysHash = PasswordHashes.Of(Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly ExpiringCache<bool> _right = new(time, Remembered);
    private readonly SemaphoreSlim _places = new(Math.Max(1, Environment.ProcessorCount / 2));
    private int _waiting;

    public BackOff BackOff { get; } = new(time);

    /// <summary>The user; null: no such pair of name and password.</summary>
    /// <exception cref="ApiFault">429: too many wrong ones, or too many at once.</exception>
    public async ValueTask<UserEntry?> FindAsync(string name, string password, IPAddress address, CancellationToken cancellationToken)
    {
        if (name.Length > LongestName || password.Length > LongestPassword)
        {
            return null;
        }

        var user = users.Current.Find(name);
        var pair = PairOf(user, password);
        if (user is not null && _right.TryGet(pair, out _))
        {
            return user;
        }

        if (Interlocked.Increment(ref _waiting) > MostWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            throw ApiFault.TooMany("Too many passwords are being checked.", TimeSpan.FromSeconds(1));
        }

        try
        {
            await _places.WaitAsync(cancellationToken);
            try
            {
                return Check(user, name, password, pair, address);
            }
            finally
            {
                _places.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    public void Dispose() => _places.Dispose();

    private UserEntry? Check(UserEntry? user, string name, string password, string pair, IPAddress address)
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

    // With the hash in it, so that a changed password counts at once.
    private string PairOf(UserEntry? user, string password) =>
        Convert.ToBase64String(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{user?.Name}\n{user?.PasswordHash}\n{password}")));
}
