package proxytest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/endpoint"
	"github.com/bennu-go/bennu/transport"
)

// Requests of one session come to both nodes: the one that does not have it forwards them.
func TestLongPollThroughProxies(t *testing.T) {
	each(t, nil, Config{}, func(t *testing.T, p *Proxy, nodes [2]*node) {
		for _, secure := range []bool{false, true} {
			c := poll(t, p, secure)
			scheme := map[bool]string{true: "https", false: "http"}[secure]
			want := seen{Proto: "HTTP/1.1", Host: Host, Peer: "127.0.0.1", For: "127.0.0.1", Scheme: scheme, Forwarded: Host}
			if diff := cmp.Diff(want, c.join("room:a")); diff != "" {
				t.Error(diff)
			}
			for _, text := range []string{`{"n":1}`, `{"n":2}`, `{"text":"` + strings.Repeat("é", 1000) + `"}`} {
				if got := c.ask("room:a", "echo", text); string(got) != text {
					t.Errorf("got %s, want %s", got, text)
				}
			}
			neighbour := dialer{tls: secure}.must(t, p)
			neighbour.join("room:a")
			c.post("room:a", "shout", `{"from":"poll"}`)
			if got := neighbour.next("shout"); string(got.payload) != `{"from":"poll"}` {
				t.Errorf("got %s", got.payload)
			}
			// As much as a client may send: 8 MB less the frame around it.
			size := 7_999_900
			if got := c.ask("room:a", "size", `{"Text":"`+strings.Repeat("x", size)+`"}`); string(got) != "7999900" {
				t.Errorf("got %s, want %d", got, size)
			}
			for _, n := range nodes {
				if c.nodes[n.addr] == 0 {
					t.Errorf("all requests came to one node: %v", c.nodes)
				}
			}
		}
	})
}

// A message comes at once to a poll that waits: nobody holds answers back.
func TestPollsAreNotBuffered(t *testing.T) {
	each(t, nil, Config{}, func(t *testing.T, p *Proxy, _ [2]*node) {
		c, neighbour := poll(t, p, true), dialer{}.must(t, p)
		c.join("room:a")
		neighbour.join("room:a")
		for range 3 {
			neighbour.push("room:a", "shout", `{}`)
			c.until(func(m message) bool { return m.event == "shout" })
			status := make(chan int, 1)
			began := time.Now()
			go func() { status <- c.get() }()
			// Time for the poll to begin, without which it would find the message there already. It passes either way: that is what is tested above.
			ended, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			<-ended.Done()
			cancel()
			neighbour.push("room:a", "shout", `{"late":true}`)
			if got, took := <-status, time.Since(began); got != http.StatusOK || took > 8*time.Second {
				t.Errorf("the poll was answered %d after %s, want 200 long before its window of 10 s has passed", got, took)
			}
			c.until(func(m message) bool { return m.event == "shout" })
		}
	})
}

// The window has to be shorter than the proxy's patience.
func TestTheWindowOfAPollAndTheProxysPatience(t *testing.T) {
	window := func(d time.Duration) func(*endpoint.Config) {
		return func(cfg *endpoint.Config) { cfg.Sockets[0].LongPoll = &transport.LongPollConfig{Window: d} }
	}
	t.Run("shorter", func(t *testing.T) {
		each(t, window(500*time.Millisecond), Config{Idle: 3 * time.Second}, func(t *testing.T, p *Proxy, _ [2]*node) {
			c := poll(t, p, false)
			c.join("room:a")
			if got := c.get(); got != http.StatusNoContent {
				t.Errorf("got %d, want 204", got)
			}
			c.ask("room:a", "echo", `{}`)
		})
	})
	t.Run("longer", func(t *testing.T) {
		each(t, window(10*time.Second), Config{Idle: 500 * time.Millisecond}, func(t *testing.T, p *Proxy, _ [2]*node) {
			c := poll(t, p, false)
			c.join("room:a")
			res, err := c.http.Get(c.base + "&token=" + c.token)
			if err != nil {
				if !errors.Is(err, io.EOF) {
					t.Error(err)
				}
				return
			}
			defer res.Body.Close()
			if res.StatusCode != http.StatusGatewayTimeout {
				t.Errorf("got %s, want 504", res.Status)
			}
		})
	})
}

// A client that gives up a poll, as one does that sleeps or changes networks, finds the next messages in the poll after it.
func TestAPollThatIsGivenUpTakesNothing(t *testing.T) {
	each(t, nil, Config{}, func(t *testing.T, p *Proxy, _ [2]*node) {
		for _, secure := range []bool{false, true} {
			c, neighbour := poll(t, p, secure), dialer{}.must(t, p)
			c.join("room:a")
			neighbour.join("room:a")
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"&token="+c.token, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.http.Do(req); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want a poll that waits", err)
			}
			cancel()
			// What the proxy needs to notice is milliseconds, and cannot be seen from here.
			<-time.After(2 * time.Second)
			neighbour.push("room:a", "shout", `{"n":1}`)
			c.until(func(m message) bool { return m.event == "shout" })
		}
	})
}
