package accounts

import (
	"context"
	"testing"
	"testing/synctest"
)

// The hundred-and-first to wait for a turn is refused; those who wait stop when their request ends, or when it is their turn.
func TestTurnsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(16, 1)
		release, err := h.slot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, maxWaiting)
		for range maxWaiting {
			go func() {
				_, err := h.matches(ctx, h.nobody, "x")
				done <- err
			}()
		}
		synctest.Wait()
		if _, err := h.hash(t.Context(), "x"); err != ErrBusy {
			t.Errorf("got %v, want ErrBusy", err)
		}
		release()
		if err := <-done; err != nil {
			t.Errorf("the first in turn got %v", err)
		}
		cancel()
		for range maxWaiting - 1 {
			if err := <-done; err != nil && err != context.Canceled {
				t.Errorf("got %v, want nil or context.Canceled", err)
			}
		}
		if _, err := h.hash(t.Context(), "x"); err != nil || h.waiting.Load() != 0 {
			t.Errorf("afterwards: %v, and %d wait", err, h.waiting.Load())
		}
	})
}
