package pubsub_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
)

func TestNewEvent(t *testing.T) {
	for _, c := range []struct{ payload, want string }{
		{"", "{}"},
		{`{"a":1}`, `{"a":1}`},
		{" \t\r\n{}", " \t\r\n{}"},
		{"[]", ""}, {"null", ""}, {`"{"`, ""}, {"1", ""}, {"  ", ""}, {"x{}", ""},
	} {
		m, err := pubsub.NewEvent("room:1", "new", json.RawMessage(c.payload))
		switch {
		case c.want == "" && (err == nil || !strings.Contains(err.Error(), `pubsub: the payload of event "new" on "room:1" must be a JSON object`)):
			t.Errorf("payload %q: got %v, want an error that says what is wrong", c.payload, err)
		case c.want != "" && (err != nil || string(m.Payload()) != c.want || m.Kind != pubsub.Event || m.Topic != "room:1" || m.Name != "new"):
			t.Errorf("payload %q: got %+v, %v", c.payload, m, err)
		}
	}
}

func TestNewBinaryEvent(t *testing.T) {
	long := strings.Repeat("x", 255)
	m, err := pubsub.NewBinaryEvent(long, long, []byte("\x00"))
	if err != nil || m.Kind != pubsub.Binary || string(m.Payload()) != "\x00" {
		t.Errorf("255 bytes: got %+v, %v", m, err)
	}
	for _, c := range [][2]string{{long + "x", "e"}, {"t", long + "x"}} {
		if _, err := pubsub.NewBinaryEvent(c[0], c[1], nil); err == nil {
			t.Errorf("topic of %d and event of %d bytes: got no error", len(c[0]), len(c[1]))
		}
	}
}

func TestFrame(t *testing.T) {
	m, err := pubsub.NewEvent("room:1", "new", json.RawMessage(`{"a":1}`))
	ok(t, err)
	for s, want := range map[wire.Serializer]string{
		wire.V1{}: `{"topic":"room:1","event":"new","ref":null,"payload":{"a":1}}`,
		wire.V2{}: `[null,null,"room:1","new",{"a":1}]`,
	} {
		f, err := m.Frame(s)
		ok(t, err)
		if f.Op() != frame.Text || !sameJSON(t, f.Data(), want) {
			t.Errorf("vsn %s: got %v %s, want %s", s.Vsn(), f.Op(), f.Data(), want)
		}
		if again, _ := m.Frame(s); again != f {
			t.Errorf("vsn %s: encoded twice", s.Vsn())
		}
	}
	b, err := pubsub.NewBinaryEvent("room:1", "new", []byte("\x00\xff"))
	ok(t, err)
	f, err := b.Frame(wire.V2{})
	ok(t, err)
	if want := "\x02\x06\x03room:1new\x00\xff"; f.Op() != frame.Binary || string(f.Data()) != want {
		t.Errorf("binary: got %v %q, want %q", f.Op(), f.Data(), want)
	}
	if _, err := b.Frame(wire.V1{}); err == nil || !strings.HasPrefix(err.Error(), `pubsub: encoding event "new" on "room:1": `) {
		t.Errorf("binary in V1: got %v, want an error", err)
	}
}

func sameJSON(t *testing.T, got []byte, want string) bool {
	t.Helper()
	var g, w any
	ok(t, json.Unmarshal(got, &g))
	ok(t, json.Unmarshal([]byte(want), &w))
	gb, _ := json.Marshal(g)
	wb, _ := json.Marshal(w)
	return string(gb) == string(wb)
}

// What processes tell each other never reaches clients that joined a topic of the same name.
func TestValuesHaveNoFrame(t *testing.T) {
	inBubble(t, func(t *testing.T, sys *proc.System) {
		ns := newNodes(t, sys, 1, 1)
		for _, ps := range ns.ps {
			refused := 0
			g := &crowd{on: func(m *pubsub.Message) {
				for _, s := range []wire.Serializer{wire.V1{}, wire.V2{}, &ownFormat{}, unequal{}} {
					if f, err := m.Frame(s); err == nil || f != nil {
						t.Errorf("a value has the frame %s", f.Data())
					}
					refused++
				}
			}}
			ps.Join("room:1", g)
			defer func() {
				if refused != 4 {
					t.Errorf("the group on %s asked for %d frames, want 4", ps.Node(), refused)
				}
			}()
		}
		ok(t, pubsub.Topic[created]("room:1").Broadcast(ns.ps[0], created{ID: 1}))
		for _, r := range ns.readers {
			r.want(t, `github.com/bennu-go/bennu/pubsub_test.created{"ID":1,"Lines":null}`)
		}
	})
}

// ownFormat is a serializer of somebody else. It calls back while it encodes.
type ownFormat struct {
	wire.V2
	calls int
	m     *pubsub.Message
}

func (o *ownFormat) Index() int { return -1 }
func (o *ownFormat) AppendBroadcast(dst []byte, topic, event string, p wire.Payload) ([]byte, frame.Opcode, error) {
	o.calls++
	if o.m != nil {
		if _, err := o.m.Frame(&ownFormat{}); err != nil {
			return nil, 0, err
		}
	}
	return append(dst, topic+" "+event...), frame.Text, nil
}

// unequal cannot be compared by ==.
type unequal struct {
	wire.V2
	_ []int
}

func (unequal) Index() int { return -1 }

func TestFrameOfAnotherSerializer(t *testing.T) {
	m := event(t, "room:1", "new")
	a, b := &ownFormat{m: m}, &ownFormat{}
	for range 3 {
		for _, s := range []*ownFormat{a, b} {
			f, err := m.Frame(s)
			ok(t, err)
			if string(f.Data()) != "room:1 new" {
				t.Errorf("got %q", f.Data())
			}
		}
		if f, err := m.Frame(unequal{}); err != nil || f == nil {
			t.Errorf("a serializer that cannot be compared: got %v, %v", f, err)
		}
	}
	if a.calls != 1 || b.calls != 1 {
		t.Errorf("encoded %d and %d times, want once each", a.calls, b.calls)
	}
}

func TestFrameIsOneForAll(t *testing.T) {
	for range 50 {
		m := event(t, "room:1", "new")
		frames := make([]*wire.Frame, 8)
		var wg sync.WaitGroup
		for i := range frames {
			wg.Go(func() { frames[i], _ = m.Frame(wire.V2{}) })
		}
		wg.Wait()
		for _, f := range frames {
			if f != frames[0] {
				t.Fatal("two goroutines got two frames")
			}
		}
	}
}

// However many shards ask, a message is compressed once for each serializer and level.
func TestDeflatedFrameIsMadeOnce(t *testing.T) {
	m, err := pubsub.NewEvent("room:1", "new", json.RawMessage(`{"x":"`+strings.Repeat("x", 2000)+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	frames := make([]*wire.Frame, 16)
	var wg sync.WaitGroup
	for i := range frames {
		wg.Go(func() { frames[i], _ = m.DeflatedFrame(wire.V2{}, 1) })
	}
	wg.Wait()
	for _, f := range frames {
		if f == nil || f != frames[0] {
			t.Fatal("two of those who asked got frames of their own")
		}
	}
	plain, _ := m.Frame(wire.V2{})
	if frames[0].Len() >= plain.Len()/10 {
		t.Errorf("%d bytes became %d", plain.Len(), frames[0].Len())
	}
	for what, ask := range map[string]func() (*wire.Frame, error){
		"another serializer": func() (*wire.Frame, error) { return m.DeflatedFrame(wire.V1{}, 1) },
		"another level":      func() (*wire.Frame, error) { return m.DeflatedFrame(wire.V2{}, 9) },
	} {
		first, err1 := ask()
		again, err2 := ask()
		if err1 != nil || err2 != nil || first != again || first == frames[0] {
			t.Errorf("%s: got %p, %p, %v, %v beside %p", what, first, again, err1, err2, frames[0])
		}
	}
	if _, err := (&pubsub.Message{Kind: pubsub.Value}).DeflatedFrame(wire.V2{}, 1); err == nil {
		t.Error("a Value has a frame")
	}
}
