package cache_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/bennu-go/bennu/cache"
	"github.com/bennu-go/bennu/proc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

var errDown = errors.New("the source is down")

// inBubble gives f a System in virtual time.
func inBubble(t *testing.T, f func(t *testing.T, sys *proc.System)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sys := proc.NewSystem(proc.Config{Logger: quiet})
		defer sys.Close()
		f(t, sys)
	})
}

// A source answers loads as a test says, and counts them.
type source struct {
	loads chan struct{} // one for each load that began
	give  chan answer   // the answer of one load
}

type answer struct {
	value int
	err   error
}

func newSource() *source {
	return &source{make(chan struct{}, 1000), make(chan answer, 1000)}
}

// load waits for an answer, and gives up as its context says.
func (s *source) load(ctx context.Context, _ string) (int, error) {
	s.loads <- struct{}{}
	select {
	case a := <-s.give:
		return a.value, a.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// asked is what one GetOrLoad returned.
type asked struct {
	value int
	err   error
}

// ask has a goroutine ask for key.
func ask(ctx context.Context, c *cache.Cache[string, int], key string) <-chan asked {
	got := make(chan asked, 1)
	go func() {
		v, err := c.GetOrLoad(ctx, key)
		got <- asked{v, err}
	}()
	return got
}

func wantAsked(t *testing.T, got <-chan asked, value int, err error) {
	t.Helper()
	synctest.Wait()
	select {
	case a := <-got:
		if a.value != value || !errors.Is(a.err, err) {
			t.Errorf("got %d and error %v, want %d and %v", a.value, a.err, value, err)
		}
	default:
		t.Error("still waiting")
	}
}

func wantGet(t *testing.T, c *cache.Cache[string, int], key string, value int, found bool) {
	t.Helper()
	if v, ok := c.Get(key); v != value || ok != found {
		t.Errorf("Get(%q): got %d, %t, want %d, %t", key, v, ok, value, found)
	}
}

func wantLoads(t *testing.T, s *source, n int) {
	t.Helper()
	synctest.Wait()
	if len(s.loads) != n {
		t.Errorf("got %d loads, want %d", len(s.loads), n)
	}
}
