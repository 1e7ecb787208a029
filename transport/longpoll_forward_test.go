package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/token"
	"github.com/google/go-cmp/cmp"
)

// lpHub connects nodes in memory. It can lose messages and refuse large ones.
type lpHub struct {
	mu    sync.Mutex // guards the fields below
	nodes map[string]func(pubsub.Envelope)
	lose  func(pubsub.Envelope) bool
	limit int
	sizes []int
}

type lpAdapter struct{ hub *lpHub }

func (a lpAdapter) Run(ctx context.Context, node string, deliver func(pubsub.Envelope)) error {
	a.hub.mu.Lock()
	a.hub.nodes[node] = deliver
	a.hub.mu.Unlock()
	<-ctx.Done()
	return nil
}

func (a lpAdapter) Publish(e pubsub.Envelope) error {
	a.hub.mu.Lock()
	defer a.hub.mu.Unlock()
	a.hub.sizes = append(a.hub.sizes, len(e.Payload))
	if a.hub.limit > 0 && len(e.Payload) > a.hub.limit {
		return errors.New("message is too large")
	}
	if a.hub.lose != nil && a.hub.lose(e) {
		return nil
	}
	e.Payload = bytes.Clone(e.Payload)
	for name, deliver := range a.hub.nodes {
		if name != e.From && (e.To == "" || e.To == name) {
			deliver(e)
		}
	}
	return nil
}

// twoNodes has a session's home and another node, with the same secrets.
func twoNodes(t *testing.T, socket *lpSocket, cfg LongPollConfig) (hub *lpHub, home, away *lpServer) {
	t.Helper()
	hub = &lpHub{nodes: make(map[string]func(pubsub.Envelope))}
	cfg.Tokens = token.New(token.Config{Secrets: token.Secrets{strings.Repeat("s", 64)}})
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	node := func(name string) *lpServer {
		sys := proc.NewSystem(proc.Config{})
		t.Cleanup(sys.Close)
		ps := pubsub.New(pubsub.Config{System: sys, Node: name, Adapter: lpAdapter{hub}})
		go ps.Run(ctx)
		return newLPNode(t, sys, ps, socket, cfg)
	}
	home, away = node("home"), node("away")
	synctest.Wait()
	return hub, home, away
}

func TestLongPollForwarded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, home, away := twoNodes(t, &lpSocket{}, LongPollConfig{})
		tok := home.open()
		if status, _ := away.post(tok, "[1]\n[2]"); status != 200 {
			t.Errorf("POST: got %d, want 200", status)
		}
		if a := away.get(tok); a.Status != 200 || *a.Token != tok || len(a.Messages) != 2 {
			t.Errorf("poll with messages: got %+v", a)
		}
		began := time.Now()
		if a := away.get(tok); a.Status != 204 || *a.Token != tok || time.Since(began) < window {
			t.Errorf("poll without: got %+v after %v", a, time.Since(began))
		}
		poll := away.poll(context.Background(), tok)
		time.Sleep(time.Second)
		home.post(tok, "[3]")
		if a := <-poll; a.Status != 200 || len(a.Messages) != 1 {
			t.Errorf("poll that waited: got %+v", a)
		}
		// A poll here replaces the one there, and the other way round.
		there := away.poll(context.Background(), tok)
		synctest.Wait()
		here := home.poll(context.Background(), tok)
		if a := <-there; a.Status != 204 {
			t.Errorf("replaced poll: got %+v, want 204", a)
		}
		there = away.poll(context.Background(), tok)
		if a := <-here; a.Status != 204 {
			t.Errorf("replaced poll: got %+v, want 204", a)
		}
		synctest.Wait()
		home.socket.last().conn.Close(CloseGoingAway, "")
		if a := <-there; a.Status != 410 || a.Token == nil || *a.Token == tok {
			t.Errorf("poll of a session that ends: got %+v, want 410 and a new session", a)
		}
		synctest.Wait()
		home.socket.sessions[0].wantClosed(t, ErrDisconnected)
		if status, _ := away.post(tok, "[4]"); status != 410 {
			t.Errorf("POST to a session that is gone: got %d, want 410", status)
		}
	})
}

func TestLongPollForwardedClientLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, home, away := twoNodes(t, &lpSocket{}, LongPollConfig{})
		tok := home.open()
		ctx, cancel := context.WithCancel(context.Background())
		poll := away.poll(ctx, tok)
		synctest.Wait()
		cancel()
		if a := <-poll; a.Status != -1 {
			t.Errorf("a client that is gone got %+v", a)
		}
		synctest.Wait()
		home.post(tok, "[1]")
		if a := away.get(tok); a.Status != 200 || len(a.Messages) != 1 {
			t.Errorf("next poll: got %+v, want the message", a)
		}
	})
}

// A node that is gone, and one that falls silent in the middle.
func TestLongPollForwardedInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, home, away := twoNodes(t, &lpSocket{}, LongPollConfig{})
		tok := home.open()
		lose := func(f func(pubsub.Envelope) bool) {
			hub.mu.Lock()
			hub.lose = f
			hub.mu.Unlock()
		}
		lose(func(pubsub.Envelope) bool { return true })
		began := time.Now()
		if status, _ := away.post(tok, "[1]"); status != 410 || time.Since(began) != 2*time.Second {
			t.Errorf("POST: got %d after %v, want 410 after 2 s", status, time.Since(began))
		}
		if a := away.get(tok); a.Status != 410 || a.Token == nil || *a.Token == tok {
			t.Errorf("poll: got %+v, want a new session", a)
		}
		lose(func(e pubsub.Envelope) bool { return e.Name == lpEventAnswer })
		began = time.Now()
		if a := away.get(tok); a.Status != 410 || time.Since(began) != window+2*time.Second {
			t.Errorf("poll whose answer is lost: got %+v after %v, want 410 after %v", a, time.Since(began), window+2*time.Second)
		}
	})
}

func TestLongPollForwardedSlowHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		socket := &lpSocket{receive: func(*lpEcho, frame.Opcode, []byte) error { <-release; return nil }}
		_, home, away := twoNodes(t, socket, LongPollConfig{})
		tok := home.open()
		first := make(chan int, 1)
		go func() {
			status, _ := home.post(tok, "[1]") // holds the session
			first <- status
		}()
		synctest.Wait()
		second := make(chan int, 1)
		go func() {
			status, _ := away.post(tok, "[2]") // waits in line
			second <- status
		}()
		time.Sleep(5 * time.Second)
		close(release)
		if a, b := <-first, <-second; a != 200 || b != 200 {
			t.Errorf("got %d and %d, want 200 twice", a, b)
		}
		home.socket.last().wantClosed(t)
	})
}

func TestLongPollForwardedInPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, home, away := twoNodes(t, &lpSocket{}, LongPollConfig{MaxBuffered: 4 << 20})
		hub.limit = 1 << 20
		tok := home.open()
		var lines, want []string
		for i := range 10 {
			line := fmt.Sprintf(`[%d,"%s"]`, i, strings.Repeat("x", 200_000))
			lines, want = append(lines, line), append(want, line)
		}
		if status, _ := away.post(tok, strings.Join(lines, "\n")); status != 200 {
			t.Fatalf("POST of 2 MB: got %d, want 200", status)
		}
		var got []string
		for len(got) < 10 {
			a := away.get(tok)
			if a.Status != 200 {
				t.Fatalf("poll after %d messages: got %d", len(got), a.Status)
			}
			got = append(got, a.Messages...)
		}
		if !cmp.Equal(want, got) {
			t.Error("the messages came back changed, or in another order")
		}
		// What no piece can carry is lost to neither side: the client is told, and the session keeps it for a poll at home.
		large := `["` + strings.Repeat("x", 2<<20) + `"]`
		if status, _ := away.post(tok, large); status != 410 {
			t.Errorf("POST of a message that is too large for the adapter: got %d, want 410", status)
		}
		home.socket.last().write(frame.Text, large)
		if a := away.get(tok); a.Status != 410 {
			t.Errorf("poll of a message that is too large for the adapter: got %d, want 410", a.Status)
		}
		if a := home.get(tok); a.Status != 200 || len(a.Messages) != 1 || a.Messages[0] != large {
			t.Errorf("poll at home: got %d with %d messages, want the large one", a.Status, len(a.Messages))
		}
	})
}

// Without Tokens a request that comes to another node finds nothing, and nobody is asked.
func TestLongPollNotForwardedWithoutTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := &lpHub{nodes: make(map[string]func(pubsub.Envelope))}
		sys := proc.NewSystem(proc.Config{})
		t.Cleanup(sys.Close)
		a := newLPNode(t, sys, pubsub.New(pubsub.Config{System: sys, Adapter: lpAdapter{hub}}), &lpSocket{}, LongPollConfig{})
		b := newLPNode(t, sys, pubsub.New(pubsub.Config{System: sys, Adapter: lpAdapter{hub}}), &lpSocket{}, LongPollConfig{})
		tok := a.open()
		if status, _ := b.post(tok, "[1]"); status != 410 {
			t.Errorf("got %d, want 410", status)
		}
		if len(hub.sizes) != 0 {
			t.Errorf("%d messages were sent to other nodes", len(hub.sizes))
		}
	})
}

func FuzzLongPollEnvelope(f *testing.F) {
	for _, e := range []lpEnvelope{
		{},
		{from: lpRequest{"home", "r1"}, status: 200},
		{from: lpRequest{"a", "b"}, messages: []lpMessage{{frame.Text, []byte("[1]")}, {frame.Binary, nil}, {frame.Binary, []byte{0}}}},
	} {
		f.Add(e.encode())
	}
	f.Add([]byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 'x'})
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := parseLPEnvelope(b)
		if err != nil {
			return
		}
		again, err := parseLPEnvelope(e.encode())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, again, cmp.AllowUnexported(lpEnvelope{}, lpRequest{}, lpMessage{})); diff != "" {
			t.Error(diff)
		}
	})
}
