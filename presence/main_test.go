package presence

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"

	"github.com/bennu-go/bennu/proc"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// seat is the meta of most tests.
type seat struct {
	Device string `json:"device"`
}

// client is a process in a topic, as a channel is one.
type client struct {
	p     *proc.Process
	topic string
}

func (c *client) Process() *proc.Process { return c.p }
func (c *client) Topic() string          { return c.topic }

// in is the same process in another topic.
func (c *client) in(topic string) *client { return &client{c.p, topic} }

// newClient starts a process in a topic. It ends with its System.
func newClient(t testing.TB, sys *proc.System, topic string) *client {
	t.Helper()
	p, err := proc.StartUnsupervised(context.Background(), sys, proc.Server[struct{}]{
		Name: "client of " + topic,
		Any:  func(context.Context, *proc.Self[struct{}], any) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return &client{p, topic}
}

// lines is a log to read.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }
