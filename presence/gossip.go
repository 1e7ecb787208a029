package presence

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/bennu-go/bennu/internal/orset"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/telemetry"
)

// packet is what shards of one number send each other, or a piece of it.
type packet struct{ bytes []byte }

func (p packet) MarshalBinary() ([]byte, error)      { return p.bytes, nil }
func (p *packet) UnmarshalBinary(bytes []byte) error { p.bytes = bytes; return nil }

// tick is the message that a period has passed.
type tick struct{}

// codec turns messages into bytes. A meta travels as it is.
var wireCodec = orset.Codec[meta]{
	AppendMeta: func(dst []byte, m meta) ([]byte, error) { return append(dst, m...), nil },
	ReadMeta:   readMeta,
}

func (l *life) gossipTopic(n int) pubsub.Topic[packet] {
	return pubsub.Topic[packet]("phx_presence:" + l.cfg.Name + ":" + strconv.Itoa(n))
}

// start starts the shard's process.
func (s *shard) start(ctx context.Context, n int) error {
	cfg := s.life.cfg
	s.gossip = s.life.gossipTopic(n)
	p, err := proc.StartUnsupervised(ctx, cfg.System, proc.Server[struct{}]{
		Name: "presence " + cfg.Name + " shard " + strconv.Itoa(n),
		Info: proc.Infos[struct{}]{
			proc.OnInfo(func(ctx context.Context, _ *proc.Self[struct{}], _ flush) error { s.flush(); return nil }),
			proc.OnInfo(func(ctx context.Context, _ *proc.Self[struct{}], _ windowEnded) error { s.windowEnded(); return nil }),
			proc.OnInfo(func(ctx context.Context, _ *proc.Self[struct{}], f fetched) error { s.fetched(f); return nil }),
			proc.OnInfo(func(ctx context.Context, _ *proc.Self[struct{}], p packet) error { s.receive(ctx, p); return nil }),
			proc.OnInfo(func(ctx context.Context, self *proc.Self[struct{}], first firstTick) error {
				self.Process().SendEvery(first.every, tick{})
				s.tick(ctx)
				return nil
			}),
			proc.OnInfo(func(ctx context.Context, _ *proc.Self[struct{}], _ tick) error { s.tick(ctx); return nil }),
		},
	})
	if err != nil {
		return err
	}
	s.process = p
	p.Watch(s.life.lost)
	// News that finds the mailbox full is dropped: the set asks again for what it misses, and a tracker that ended would lose everything.
	err = s.gossip.SubscribeAs(cfg.PubSub, p, func(news packet) any {
		_ = p.Send(news)
		return nil
	})
	if err != nil {
		return err
	}
	every := s.set.Config().BroadcastPeriod
	p.SendAfter(time.Duration(rand.Int64N(int64(every)/4+1)), firstTick{every}) // so that nodes that start together do not speak together
	return nil
}

type firstTick struct{ every time.Duration }

// tick does what is due in each period. It runs on the shard's process, as do all below.
func (s *shard) tick(ctx context.Context) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	out, d := s.set.Tick(s.now())
	s.apply(d)
	changes := s.set.Changes()
	s.mu.Unlock()
	s.parts.forget(s.life.cfg.System.Now(), s.set.Config().DownPeriod)
	s.report(ctx, changes)
	s.send(ctx, out)
}

func (s *shard) receive(ctx context.Context, p packet) {
	whole, err := s.parts.add(p.bytes, s.life.cfg.System.Now())
	if whole == nil && err == nil {
		return
	}
	var m orset.Message[meta]
	if err == nil {
		m, err = wireCodec.Decode(whole)
	}
	if err != nil {
		s.life.warn(ctx, "presence: dropped news of another node that cannot be understood", slog.Any("error", err))
		return
	}
	if own := s.set.Config().Replica; m.From.Name == own.Name && m.From != own {
		s.life.warn(ctx, "presence: another tracker of this name speaks for this node: names of nodes, and of presences on a node, must be unique",
			slog.String("node", own.Name))
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	out, d := s.set.Receive(m, s.now())
	s.apply(d)
	changes := s.set.Changes()
	s.mu.Unlock()
	s.report(ctx, changes)
	s.send(ctx, out)
}

// now is monotonic time, so that a step of the wall clock silences nobody.
func (s *shard) now() time.Time { return time.Unix(0, 0).Add(s.life.cfg.System.Now()) }

func (s *shard) send(ctx context.Context, out []orset.Envelope[meta]) {
	cfg := s.life.cfg
	for i := range out {
		b, err := wireCodec.Append(nil, &out[i].Message)
		if err == nil {
			err = split(b, cfg.MaxMessage, func(piece []byte) error {
				if to := out[i].To; to != "" {
					return s.gossip.DirectBroadcast(cfg.PubSub, to, packet{piece})
				}
				return s.gossip.BroadcastFrom(cfg.PubSub, s.process, packet{piece})
			})
		}
		if err != nil {
			s.life.warn(ctx, "presence: news could not be sent to other nodes", slog.String("to", out[i].To), slog.Any("error", err))
		}
	}
}

// report tells of other nodes, once for all shards: the first, which hears of them no later than the others by more than a period, speaks for them.
func (s *shard) report(ctx context.Context, changes []orset.Change) {
	t := s.life.cfg.Telemetry
	if len(changes) == 0 || s != s.life.shards[0] || t == nil || !telemetry.Enabled[telemetry.PresenceReplica](t) {
		return
	}
	states := map[orset.Status]string{
		orset.Up: telemetry.ReplicaUp, orset.Down: telemetry.ReplicaDown, orset.PermDown: telemetry.ReplicaPermDown,
	}
	for _, c := range changes {
		telemetry.Emit(ctx, t, telemetry.PresenceReplica{Replica: c.Replica.Name, State: states[c.Status]})
	}
}
