package supervise

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// slowStop takes 10 seconds to end, and may say so.
type slowStop struct{ within time.Duration }

func (s slowStop) Run(ctx context.Context) error {
	<-ctx.Done()
	time.Sleep(10 * time.Second)
	return nil
}

func (s slowStop) StopWithin() time.Duration { return s.within }

func TestAServiceSaysHowLongItsStopTakes(t *testing.T) {
	for _, tc := range []struct {
		name      string
		child     Child
		abandoned bool
	}{
		{"long enough", Child{Name: "slow", Service: slowStop{11 * time.Second}}, false},
		{"for ever", Child{Name: "slow", Service: slowStop{Infinity}}, false},
		{"too short", Child{Name: "slow", Service: slowStop{9 * time.Second}}, true},
		{"the child's own counts", Child{Name: "slow", Service: slowStop{time.Minute}, StopTimeout: time.Second}, true},
		{"it does not say", Child{Name: "slow", Service: Func(slowStop{}.Run)}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				s := New(Config{Name: "test", Logger: slog.New(slog.DiscardHandler)}, tc.child)
				go func() { done <- s.Run(ctx) }()
				synctest.Wait()
				cancel()
				if err := <-done; errors.Is(err, ErrAbandoned) != tc.abandoned {
					t.Errorf("got %v, want abandoned: %v", err, tc.abandoned)
				}
				time.Sleep(time.Minute)
			})
		})
	}
}
