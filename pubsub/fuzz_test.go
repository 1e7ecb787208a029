package pubsub_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
)

// FuzzReceive gives a node whatever another may send: nothing panics, nobody ends, and only what is for this node and well formed gets through.
func FuzzReceive(f *testing.F) {
	const pkg = "github.com/bennu-go/bennu/pubsub_test."
	for _, e := range []pubsub.Envelope{
		{From: "there", Kind: pubsub.Event, Topic: "t", Name: "new", Payload: []byte(`{"a":1}`)},
		{From: "there", Kind: pubsub.Event, Topic: "t", Name: "new", Payload: []byte(`[]`)},
		{From: "there", Kind: pubsub.Event, Topic: "t"},
		{From: "there", Kind: pubsub.Binary, Topic: "t", Name: strings.Repeat("x", 256), Payload: []byte("\x00\xff")},
		{From: "there", Kind: pubsub.Value, Topic: "t", Name: pkg + "created", Payload: []byte(`{"ID":1,"Lines":["a"]}`)},
		{From: "there", Kind: pubsub.Value, Topic: "t", Name: "*" + pkg + "created", Payload: []byte(`null`)},
		{From: "there", Kind: pubsub.Value, Topic: "t", Name: pkg + "point", Payload: []byte{0, 1, 0, 2}},
		{From: "there", Kind: pubsub.Value, Topic: "t", Name: pkg + "bomb", Payload: []byte{1}},
		{From: "there", Kind: pubsub.Value, Topic: "t", Name: "map[string]int", Payload: []byte(`{"a":"b"}`)},
		{From: "there", Kind: pubsub.Value, Topic: "t", Name: "string", Payload: []byte(`"\ud800"`)},
		{From: "there", Kind: 200, Topic: "t", Name: "new", Payload: []byte(`{}`)},
		{From: "here", Kind: pubsub.Event, Topic: "t", Name: "own", Payload: []byte(`{}`)},
		{From: "there", To: "here", Kind: pubsub.Event, Topic: "t", Name: "direct", Payload: []byte(`{}`)},
		{From: "there", To: "elsewhere", Kind: pubsub.Event, Topic: "t", Name: "astray", Payload: []byte(`{}`)},
		{From: "there", Kind: pubsub.Event, Topic: "\xff\x00", Name: "\"", Payload: []byte(" {\xff")},
	} {
		f.Add(e.From, e.To, e.Topic, uint8(e.Kind), e.Name, e.Payload)
	}
	sys := proc.NewSystem(proc.Config{Logger: quiet})
	f.Cleanup(sys.Close)
	f.Fuzz(func(t *testing.T, from, to, topic string, kind uint8, name string, payload []byte) {
		e := pubsub.Envelope{From: from, To: to, Topic: topic, Kind: pubsub.Kind(kind), Name: name, Payload: payload}
		before := bytes.Clone(payload)
		for _, strict := range []bool{false, true} {
			ps := pubsub.New(pubsub.Config{System: sys, Node: "here", Tables: 2, Strict: strict, Logger: quiet})
			r := newReaderOf(t, sys, 1000, nil)
			for _, err := range []error{
				ps.Subscribe(r.Process, topic, nil),
				pubsub.Topic[created](topic).Subscribe(ps, r.Process),
				pubsub.Topic[*created](topic).Subscribe(ps, r.Process),
				pubsub.Topic[point](topic).Subscribe(ps, r.Process),
				pubsub.Topic[bomb](topic).Subscribe(ps, r.Process),
				pubsub.Topic[map[string]int](topic).SubscribeAs(ps, r.Process, func(m map[string]int) any { return len(m) }),
				pubsub.Topic[string](topic).Subscribe(ps, r.Process),
			} {
				ok(t, err)
			}
			got := 0
			g := &crowd{on: func(m *pubsub.Message) {
				got++
				if m.Kind != e.Kind || m.Topic != topic || m.Name != name || !bytes.Equal(m.Payload(), before) {
					t.Errorf("got %+v of %+v", m, e)
				}
				for _, s := range []wire.Serializer{wire.V1{}, wire.V2{}} {
					if frame, err := m.Frame(s); (frame == nil) == (err == nil) {
						t.Errorf("Frame: %v and %v", frame, err)
					}
				}
			}}
			ps.Join(topic, g)
			ps.Receive(e)
			want := 0
			if from != "here" && (to == "" || to == "here") {
				switch e.Kind {
				case pubsub.Binary, pubsub.Value:
					want = 1
				case pubsub.Event:
					if p := bytes.TrimLeft(payload, " \t\r\n"); len(p) > 0 && p[0] == '{' {
						want = 1
					}
				}
			}
			if got != want {
				t.Errorf("got %d messages of %+v, want %d", got, e, want)
			}
			ok(t, r.Do(t.Context(), func() {})) // it lives, and has handled everything
			r.mu.Lock()
			if len(r.got) < want || len(r.got) > 1+want {
				t.Errorf("the process got %d messages of %+v", len(r.got), e)
			}
			r.mu.Unlock()
			r.Exit(proc.ErrKilled)
		}
		if !bytes.Equal(payload, before) {
			t.Errorf("the payload was changed from %q to %q", before, payload)
		}
	})
}
