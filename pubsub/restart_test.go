package pubsub_test

import (
	"context"
	"testing"
	"time"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/pubsub/pubsubtest"
	"github.com/bennu-go/bennu/supervise"
	"github.com/bennu-go/bennu/supervise/supervisetest"
)

// start runs ps; what it returns stops it and gives its error.
func start(ps *pubsub.PubSub) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- ps.Run(ctx) }()
	return func() error {
		cancel()
		return <-ended
	}
}

// ending is an adapter that gives up.
type ending struct{ err error }

func (e ending) Run(context.Context, string, func(pubsub.Envelope)) error { return e.err }
func (e ending) Publish(pubsub.Envelope) error                            { return nil }

func TestPubSubCanBeSupervised(t *testing.T) {
	for name, adapter := range map[string]func() pubsub.Adapter{
		"alone":        func() pubsub.Adapter { return nil },
		"in a cluster": func() pubsub.Adapter { return pubsubtest.NewCluster().Adapter() },
	} {
		t.Run(name, func(t *testing.T) {
			supervisetest.TestRestart(t, func(t testing.TB) supervisetest.Subject {
				sys := proc.NewSystem(proc.Config{Logger: quiet})
				t.Cleanup(sys.Close)
				ps := pubsub.New(pubsub.Config{System: sys, Adapter: adapter()})
				return supervisetest.Subject{
					Child: supervise.Child{Name: "pubsub", Service: ps},
					Check: func(t testing.TB) {
						wantSizes(t, ps, 0, 0)
						r := newReader(t, sys)
						ok(t, ps.Subscribe(r.Process, "room:1", nil))
						ok(t, ps.Broadcast(event(t, "room:1", "x"), nil))
						r.want(t, "x")
					},
				}
			})
		})
	}
}

// A subscriber under a supervisor is back after the PubSub was, and hears what comes then.
func TestSupervisedSubscriberComesBack(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		cluster := pubsubtest.NewCluster()
		near := pubsub.New(pubsub.Config{System: sys, Adapter: cluster.Adapter(), Logger: quiet})
		far := pubsub.New(pubsub.Config{System: sys, Adapter: cluster.Adapter(), Logger: quiet})
		supervisetest.Start(t, far)
		topic := pubsub.Topic[string]("news")
		heard := make(chan string, 10)
		listener := proc.Server[struct{}]{
			Init: func(_ context.Context, s *proc.Self[struct{}]) error { return topic.Subscribe(near, s.Process()) },
			Info: proc.Infos[struct{}]{proc.OnInfo(func(_ context.Context, _ *proc.Self[struct{}], text string) error {
				heard <- text
				return nil
			})},
		}
		crash := make(chan error)
		crashing := supervise.ReadyFunc(func(ctx context.Context) error {
			ctx, cancel := context.WithCancelCause(ctx)
			defer cancel(nil)
			done := make(chan error, 1)
			go func() { done <- near.Run(ctx) }()
			select {
			case err := <-crash:
				cancel(err)
				<-done
				return err
			case err := <-done:
				return err
			}
		})
		stop := supervisetest.Start(t, supervise.New(supervise.Config{Name: "app", System: sys, Logger: quiet},
			supervise.Child{Name: "pubsub", Service: crashing},
			supervise.Child{Name: "listener", Process: supervise.Server(listener)},
		))
		for range 2 {
			ok(t, topic.Broadcast(far, "news"))
			if got := <-heard; got != "news" {
				t.Errorf("heard %q", got)
			}
			crash <- context.DeadlineExceeded
			time.Sleep(time.Minute)
		}
		ok(t, topic.Broadcast(far, "last"))
		if got := <-heard; got != "last" || len(heard) > 0 {
			t.Errorf("heard %q and %d more", got, len(heard))
		}
		ok(t, stop()) // before the System closes, or the listener would be started in vain
	})
}
