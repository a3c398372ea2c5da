using FsCheck;
using FsCheck.Fluent;

namespace InstanceTasks.Abstractions.Tests;

public sealed class StampTests
{
    // Small numbers collide often, large ones use the whole width.
    private static readonly Arbitrary<Stamp> Stamps = (
        from epoch in Gen.OneOf(Gen.Choose(0, 2), Gen.Choose(0, 999_999))
        from turn in Gen.OneOf(Gen.Choose(0, 2), Gen.Choose(0, int.MaxValue))
        from task in Gen.OneOf(Gen.Choose(0, 2), Gen.Choose(0, 99_999_999))
        from attempt in Gen.OneOf(Gen.Choose(0, 2), Gen.Choose(0, 99_999_999))
        select new Stamp(epoch, turn, task, attempt)).ToArbitrary();

    [Fact]
    public void Order_IsLexicalLeftToRight()
    {
        Stamp[] ordered = [new(0, 0, 0, 0), new(0, 0, 0, 1), new(0, 0, 1, 0), new(0, 1, 0, 0), new(0, 1, 9, 9), new(0, 2, 0, 0), new(1, 0, 0, 0)];

        Assert.Equal(ordered, ordered.Reverse().Order());
        Assert.True(new Stamp(0, 1, 9, 9) < new Stamp(0, 2, 0, 0));
    }

    [Fact]
    public void Operators_AgreeWithCompareTo() => Prop.ForAll(Stamps, Stamps, (a, b) =>
        a < b == a.CompareTo(b) < 0 && a > b == a.CompareTo(b) > 0 && a <= b == a.CompareTo(b) <= 0 && a >= b == a.CompareTo(b) >= 0 && a == b == (a.CompareTo(b) == 0))
        .QuickCheckThrowOnFailure();

    [Fact]
    public void ToSortable_OrdersAsTheStamps() => Prop.ForAll(Stamps, Stamps, (a, b) =>
        Math.Sign(string.CompareOrdinal(a.ToSortable(), b.ToSortable())) == Math.Sign(a.CompareTo(b)) && a.ToSortable().Length == b.ToSortable().Length)
        .QuickCheckThrowOnFailure();

    [Fact]
    public void Order_IsTransitive() => Prop.ForAll(Stamps, Stamps, Stamps, (a, b, c) => !(a <= b && b <= c) || a <= c).QuickCheckThrowOnFailure();

    [Fact]
    public void ToString_NamesTheFourParts() => Assert.Equal("1.2.3.4", new Stamp(1, 2, 3, 4).ToString());
}
