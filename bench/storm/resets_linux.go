package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/bennu-go/bennu/bench/internal/counts"
	"github.com/bennu-go/bennu/bench/internal/phx"
	"github.com/bennu-go/bennu/bench/internal/ws"
	"github.com/bennu-go/bennu/bench/internal/wsconn"
)

const (
	resetRounds = 3
	nearby      = "near" // the neighbours' rooms
	neighbours  = 200
	firstByte   = 20 * time.Second // for what a client is to see before it resets
	blockedFor  = 300 * time.Millisecond
	halfEcho    = `{"body":"half of this is sent, and the rest never comes"}`
)

// upgrade is the request of a client that may go before it has been sent whole.
const upgrade = "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Key: c2l4dGVlbiBieXRlcyAxNg==\r\nSec-WebSocket-Version: 13\r\n\r\n"

// victim is a client that will reset its connection. It is brought into its state first; strike, which all do at once, may do one thing more before the reset.
type victim struct {
	nc     net.Conn
	strike func() error // nil: nothing more
}

// duringBroadcast is a state that needs neighbours.
const duringBroadcast = "while a broadcast is being written"

// state is one in which a connection is reset.
type state struct {
	name  string
	bring func(ctx context.Context, o options, i int) (victim, error)
}

func states() []state {
	return []state{
		{"after connecting", func(ctx context.Context, o options, _ int) (v victim, err error) {
			v.nc, err = wsconn.DialTCP(o.addr)(ctx)
			return v, err
		}},
		{"in the middle of the request", func(ctx context.Context, o options, _ int) (v victim, err error) {
			if v.nc, err = wsconn.DialTCP(o.addr)(ctx); err == nil {
				_, err = v.nc.Write([]byte(upgrade[:len(upgrade)/2]))
			}
			return v, err
		}},
		{"before the answer to the request", func(ctx context.Context, o options, _ int) (v victim, err error) {
			v.nc, err = wsconn.DialTCP(o.addr)(ctx)
			return v.sending([]byte(upgrade)), err
		}},
		{"before the reply to the join", func(ctx context.Context, o options, i int) (v victim, err error) {
			conn, err := wsconn.Dial(ctx, wsconn.DialTCP(o.addr))
			if err != nil {
				return v, err
			}
			v.nc = conn.NC
			return v.sending(wsconn.AppendMessage(nil, 1, 1, strconv.Quote("room:gone-"+strconv.Itoa(i%100)), phx.Join, "{}")), nil
		}},
		{"in the middle of a frame", inRoom(func(v victim, topic string) (victim, error) {
			frame := wsconn.AppendMessage(nil, 1, 2, topic, phx.Echo, halfEcho)
			_, err := v.nc.Write(frame[:len(frame)/2])
			return v, err
		})},
		{duringBroadcast, func(ctx context.Context, o options, i int) (v victim, err error) {
			conn, err := enter(ctx, dialSmall(o.addr), roomOf(nearby, i%stormRooms))
			if err != nil {
				return v, err
			}
			v.nc = conn.NC
			v.strike = v.oneByte
			return v, nil
		}},
		{"right after its close frame", inRoom(func(v victim, _ string) (victim, error) {
			return v.sending(ws.AppendMasked(nil, ws.OpClose, [4]byte{1, 2, 3, 4}, []byte{3, 232})), nil
		})},
		{"when the server closes", inRoom(func(v victim, _ string) (victim, error) {
			v.strike = func() error { // a frame without a mask: 1002
				if _, err := v.nc.Write(ws.AppendFrame(nil, ws.OpText, []byte("[]"))); err != nil {
					return err
				}
				return v.oneByte()
			}
			return v, nil
		})},
		{"right after leaving", inRoom(func(v victim, topic string) (victim, error) {
			return v.sending(wsconn.AppendMessage(nil, 1, 2, topic, phx.Leave, "{}")), nil
		})},
		{"while a callback runs", func(ctx context.Context, o options, i int) (v victim, err error) {
			topic := strconv.Quote("block:" + strconv.Itoa(i))
			conn, err := enter(ctx, wsconn.DialTCP(o.addr), topic)
			if err != nil {
				return v, err
			}
			v.nc = conn.NC
			v.strike = func() error {
				if _, err := v.nc.Write(wsconn.AppendMessage(nil, 1, 2, topic, `"block"`, fmt.Sprintf(`{"ms":%d}`, blockedFor.Milliseconds()))); err != nil {
					return err
				}
				return v.oneByte() // it says that it has begun
			}
			return v, nil
		}},
	}
}

// inRoom has a client join first.
func inRoom(then func(v victim, topic string) (victim, error)) func(ctx context.Context, o options, i int) (victim, error) {
	return func(ctx context.Context, o options, i int) (v victim, err error) {
		topic := strconv.Quote("room:gone-" + strconv.Itoa(i%100))
		conn, err := enter(ctx, wsconn.DialTCP(o.addr), topic)
		if err != nil {
			return v, err
		}
		return then(victim{nc: conn.NC}, topic)
	}
}

// sending is a victim that sends one thing more, and does not wait for what comes of it.
func (v victim) sending(b []byte) victim {
	v.strike = func() error {
		_, err := v.nc.Write(b)
		return err
	}
	return v
}

// oneByte waits for the first byte of what comes.
func (v victim) oneByte() error {
	var b [1]byte
	v.nc.SetReadDeadline(time.Now().Add(firstByte))
	_, err := v.nc.Read(b[:])
	return err
}

// reset has the connection end with RST.
func (v victim) reset() error {
	if v.nc == nil {
		return nil
	}
	tcp, ok := v.nc.(*net.TCPConn)
	if !ok {
		return fmt.Errorf("no TCP connection, but %T", v.nc)
	}
	if err := tcp.SetLinger(0); err != nil {
		return err
	}
	return tcp.Close()
}

// resets brings clients into every state and resets them, all at once, round by round, beside neighbours in whose rooms broadcasts never
// end. A round before, which is none of the measurement, makes what is made on first use.
func (o options) resets(ctx context.Context, v *verdicts) error {
	s, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	fresh, err := s.counts()
	if err != nil {
		return err
	}
	if err := s.crowded(ctx, wsconn.DialTCP(o.addr), o.n, o.rate, func() error { return nil }); err != nil {
		return err
	}
	if err := o.resetAll(ctx, s, nil, &verdicts{out: io.Discard}, 0); err != nil {
		return err
	}
	if _, err := s.await(ctx, "callbacks have returned", func(c counts.Counts) bool { return c.Processes <= fresh.Processes && c.Topics <= fresh.Topics }); err != nil {
		return err
	}
	empty, err := s.settled()
	if err != nil {
		return err
	}
	f := newFlock(nearby, neighbours, stormRooms, stormSize)
	defer f.leave()
	if err := f.gather(ctx, wsconn.DialTCP(o.addr), o.rate); err != nil {
		return err
	}
	beating, still := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { f.beat(beating, 10*time.Second) })
	defer beside.Wait()
	defer still()
	if err := f.publish(ctx, stormWindow, stormWindow); err != nil {
		return err
	}
	base, err := s.settled()
	if err != nil {
		return err
	}
	for round := range resetRounds {
		if err := o.resetAll(ctx, s, f, v, round+1); err != nil {
			return err
		}
	}
	if err := f.echo(ctx); err != nil {
		return err
	}
	if _, err := s.returned(ctx, v, base, "after the last round"); err != nil {
		return err
	}
	still()
	beside.Wait()
	v.unharmed(f, "the neighbours")
	v.that(f.complete == f.published, "the neighbours: %d rounds of broadcasts, each heard by all; %d echoes right", f.published, f.sum().echoes.Count)
	c, err := s.counts()
	if err != nil {
		return err
	}
	v.faultless(c)
	lines, size := s.Log.Counts()
	v.that(lines == 0, "the server has nothing to log about it: %d lines, %d bytes", lines, size)
	v.note("connections have ended with%s", listed(endsOf(c)))
	f.leave()
	now, err := s.returned(ctx, v, empty, "without neighbours")
	v.that(now.Topics == fresh.Topics && now.Processes == fresh.Processes, "no client's topic and no client's process is left: %d, %d", now.Topics-fresh.Topics, now.Processes-fresh.Processes)
	return err
}

// resetAll is one round.
func (o options) resetAll(ctx context.Context, s *site, near *flock, v *verdicts, round int) error {
	victims, states := make([]victim, o.n), states()
	defer func() {
		for _, one := range victims {
			if one.nc != nil {
				one.nc.Close()
			}
		}
	}()
	began := time.Now()
	if err := paced(ctx, o.n, o.rate, func(i int) (err error) {
		victims[i], err = states[i%len(states)].bring(ctx, o, i/len(states))
		if err != nil {
			err = fmt.Errorf("%s: %w", states[i%len(states)].name, err)
		}
		return err
	}); err != nil {
		return err
	}
	brought := time.Since(began)
	c, err := s.counts()
	if err != nil {
		return err
	}
	storming, calm := context.WithCancel(ctx)
	defer calm()
	var stormErr error
	var storm sync.WaitGroup
	if near == nil {
		near = newFlock(nearby, 0, stormRooms, stormSize)
	}
	storm.Go(func() { stormErr = near.rage(storming, ctx) })
	began = time.Now()
	reached, err := strikeAll(victims, func(i int) bool { return len(near.peers) > 0 || states[i%len(states)].name != duringBroadcast })
	calm()
	storm.Wait()
	if err != nil || stormErr != nil {
		return fmt.Errorf("round %d: %w", round, errors.Join(err, stormErr))
	}
	missed := map[string]int{}
	for i, ok := range reached {
		if !ok {
			missed[states[i%len(states)].name]++
		}
	}
	v.that(len(missed) == 0, "round %d: %d clients in %d states (%d WebSockets, %d processes), after %.1f s, reset in %.1f s%s", round, o.n, len(states), c.WebSockets, c.Processes, brought.Seconds(),
		time.Since(began).Seconds(), listed(missed))
	_, err = s.await(ctx, "the server has noticed all resets", func(c counts.Counts) bool { return c.WebSockets == len(near.peers) })
	return err
}

// rage has broadcasts until the first context ends.
func (f *flock) rage(storming, ctx context.Context) error {
	const pace = 2 * time.Millisecond
	for len(f.peers) > 0 && f.published < maxRounds {
		if err := f.publish(ctx, 1, stormWindow); err != nil {
			return err
		}
		if !pause(storming, pace) {
			return nil
		}
	}
	return nil
}

// strikeAll has all who can strike do so and reset, at once, and says who has come as far as that.
func strikeAll(victims []victim, can func(i int) bool) (reached []bool, err error) {
	reached = make([]bool, len(victims))
	errs := make([]error, len(victims))
	var running sync.WaitGroup
	start := make(chan struct{})
	for i := range victims {
		one := victims[i]
		running.Go(func() {
			<-start
			reached[i] = one.strike == nil || !can(i) || one.strike() == nil
			errs[i] = one.reset()
		})
	}
	close(start)
	running.Wait()
	for _, e := range errs {
		if e != nil {
			return reached, e
		}
	}
	return reached, nil
}
