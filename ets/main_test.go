package ets

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/bennu-go/bennu/proc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// inBubble gives f a System in virtual time.
func inBubble(t *testing.T, f func(t *testing.T, sys *proc.System)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sys := proc.NewSystem(proc.Config{Logger: slog.New(slog.DiscardHandler)})
		defer sys.Close()
		f(t, sys)
	})
}

// inbox starts a process that keeps the transfers it gets.
func inbox(t *testing.T, sys *proc.System) (*proc.Process, chan Transfer) {
	t.Helper()
	got := make(chan Transfer, 10)
	p, err := proc.StartUnsupervised(context.Background(), sys, proc.Server[int]{
		Info: proc.Infos[int]{proc.OnInfo(func(_ context.Context, _ *proc.Self[int], tr Transfer) error {
			got <- tr
			return nil
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, got
}
