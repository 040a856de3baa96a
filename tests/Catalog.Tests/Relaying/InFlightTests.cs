using System.Runtime.CompilerServices;
using Catalog.Commands.Relaying;

namespace Catalog.Tests.Relaying;

/// <summary>What the relay remembers while the queue takes some events and others not, as while one of its partitions is away.</summary>
public sealed class InFlightTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    private readonly InFlight _flight = new(published: 0);

    [Fact]
    public void Behind_an_event_that_waits_the_others_are_answered_for_and_their_bodies_let_go_of()
    {
        _flight.Add(Event(1, []), Now);
        var body = PassOne();
        GC.Collect();
        Assert.False(body.IsAlive);
        Assert.Equal((0, 1), (_flight.Published, _flight.Count));
        _flight.Done(1);
        Assert.Equal((2, 0), (_flight.Published, _flight.Count));
    }

    [Fact]
    public void There_is_room_again_when_the_event_that_held_up_the_rest_is_answered_for()
    {
        _flight.Add(Event(1, []), Now);
        var position = 1L;
        while (_flight.UntilRoomAsync().IsCompleted)
        {
            _flight.Add(Event(++position, []), Now);
            _flight.Done(position);
        }
        Assert.InRange(position, 10_000, 1_000_000);
        var room = _flight.UntilRoomAsync();
        Assert.False(room.IsCompleted);
        _flight.Done(1);
        Assert.True(room.IsCompleted);
        Assert.Equal(position, _flight.Published);
    }

    [Fact]
    public void There_is_room_again_when_everything_is_given_up()
    {
        var position = 0L;
        while (_flight.UntilRoomAsync().IsCompleted) _flight.Add(Event(++position, []), Now);
        var room = _flight.UntilRoomAsync();
        _flight.Forget();
        Assert.True(room.IsCompleted);
        Assert.Equal(0, _flight.Published);
    }

    [Fact]
    public void How_long_the_queue_takes_is_not_told_by_the_clocks_that_events_were_stamped_with()
    {
        Assert.Null(_flight.HandedOver);
        _flight.Add(Event(1, []) with { Occurred = Now.AddMinutes(-1) }, Now);
        _flight.Add(Event(2, []), Now.AddSeconds(1));
        Assert.Equal((Now.AddMinutes(-1), Now), (_flight.Oldest, _flight.HandedOver));
        _flight.Done(1);
        Assert.Equal(Now.AddSeconds(1), _flight.HandedOver);
    }

    // In a frame of its own, so that nothing of it stays on the stack.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private WeakReference PassOne()
    {
        var body = new byte[100];
        _flight.Add(Event(2, body), Now);
        _flight.Done(2);
        return new WeakReference(body);
    }

    private static OutboxEvent Event(long position, byte[] body) => new(position, DateTimeOffset.UnixEpoch, null, body);
}
