package presence

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"testing"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// seat is the meta of most tests.
type seat struct {
	Device string `json:"device"`
}

// client is a process in a topic, as a channel is one: it gets the topic's diffs.
type client struct {
	p     *proc.Process
	topic string
}

func (c *client) Process() *proc.Process { return c.p }
func (c *client) Topic() string          { return c.topic }

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

// view collects what clients of a topic are sent.
type view struct {
	diffs []json.RawMessage
}

func (v *view) group() pubsub.Group { return (*viewGroup)(v) }

type viewGroup view

func (v *viewGroup) Deliver(m *pubsub.Message, _ *proc.Process) {
	if m.Name == event {
		v.diffs = append(v.diffs, m.Payload())
	}
}
func (v *viewGroup) Reset() {}
