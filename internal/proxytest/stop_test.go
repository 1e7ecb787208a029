package proxytest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bennu-go/bennu/endpoint"
)

// traffic sends requests one after another from several clients until it is stopped, and says what went wrong.
func traffic(t *testing.T, p *Proxy, secure bool, methods ...string) (stop func() (requests int, failed []string)) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	var count atomic.Int64
	var mu sync.Mutex
	var failed []string
	for i := range 4 {
		client := p.client(t)
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				method := methods[(i+n)%len(methods)]
				req, _ := http.NewRequest(method, p.url(secure)+"/page", strings.NewReader("body"))
				res, err := client.Do(req)
				if err == nil {
					_, err = io.Copy(io.Discard, res.Body)
					res.Body.Close()
					if err == nil && res.StatusCode != http.StatusOK {
						err = fmt.Errorf("%s from %q", res.Status, res.Header.Get("X-Node"))
					}
				}
				if count.Add(1); err != nil {
					mu.Lock()
					failed = append(failed, method+": "+err.Error())
					mu.Unlock()
				}
			}
		})
	}
	return func() (int, []string) { cancel(); wg.Wait(); return int(count.Load()), failed }
}

// A node behind HAProxy stops: readiness turns off, HAProxy sees it and sends nobody any more, then clients are told to come back, and then the listener
// closes. No request fails meanwhile and no client is turned away.
func TestANodeStopsBehindHAProxyUnnoticed(t *testing.T) {
	t.Parallel()
	const delay = 1500 * time.Millisecond // fifteen checks
	nodes := cluster(t, func(cfg *endpoint.Config) { cfg.StopDelay = delay })
	p := Start(t, HAProxy, addrs(nodes))
	var clients []*ws
	for i := range 6 {
		c := dialer{tls: i%2 == 0}.must(t, p)
		c.join("room:a")
		clients = append(clients, c)
	}
	there := nodes[0].ep.Connections()
	if there != 3 {
		t.Errorf("%d of 6 clients are on the first node, want 3", there)
	}
	lp := poll(t, p, true)
	lp.join("room:a")
	stopTraffic := traffic(t, p, true, http.MethodGet, http.MethodPost)
	began := time.Now()
	stopped := make(chan error, 1)
	go func() { stopped <- nodes[0].stop() }()

	told := make(chan *ws, len(clients))
	for _, c := range clients {
		go func() {
			if _, _, err := c.read(); err == (ended{1012}) {
				told <- c
			} else if err == nil {
				t.Error("got a message, want none")
			}
		}()
	}
	for range there {
		var c *ws
		select {
		case c = <-told:
		case <-time.After(patience):
			t.Fatal("the clients of the first node are not told to go")
		}
		if took := time.Since(began); took < delay {
			t.Errorf("a client was told to go after %s, want after StopDelay, %s", took, delay)
		}
		again := dialer{}.must(t, p) // at the first try
		again.join("room:a")
		again.ask("room:a", "echo", `{}`)
		c.answer(1012)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	// The session ended with its node; the same token opens another.
	if status := lp.get(); status != http.StatusGone {
		t.Errorf("polling: status %d, want 410 with a new session", status)
	}
	lp.join("room:a")
	if got := nodes[1].ep.Connections(); got != 7 {
		t.Errorf("the other node has %d connections, want all 7", got)
	}
	requests, failed := stopTraffic()
	if len(failed) > 0 || requests < 20 {
		t.Errorf("%d of %d requests failed: %.5q", len(failed), requests, failed)
	}
	for _, c := range clients { // end the readers
		c.nc.Close()
	}
}

// nginx asks nobody for readiness. It finds the listener closed, and takes the other node: for a request without a body at once, for a client that is told to
// come back while the node drains perhaps at the second try.
func TestANodeStopsBehindNginx(t *testing.T) {
	t.Parallel()
	nodes := cluster(t, nil)
	p := Start(t, Nginx, addrs(nodes))
	var clients []*ws
	for range 4 {
		c := dialer{tls: true}.must(t, p)
		c.join("room:a")
		clients = append(clients, c)
	}
	stopTraffic := traffic(t, p, false, http.MethodGet)
	stopped := make(chan error, 1)
	go func() { stopped <- nodes[0].stop() }()
	for _, i := range []int{0, 2} { // one after the other, in turn
		if _, _, err := clients[i].read(); err != (ended{1012}) {
			t.Errorf("got %v, want 1012", err)
		}
		clients[i].answer(1012)
	}
	for range 2 {
		c, err := dialer{tls: true}.dial(t, p)
		for tries := 0; err == refused(http.StatusServiceUnavailable) && tries < 3; tries++ { // what drains says so
			c, err = dialer{tls: true}.dial(t, p)
		}
		if err != nil {
			t.Fatal(err)
		}
		c.join("room:a")
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	requests, failed := stopTraffic()
	if len(failed) > 0 || requests < 20 {
		t.Errorf("%d of %d requests failed: %.5q", len(failed), requests, failed)
	}
	if got := nodes[1].ep.Connections(); got != 4 {
		t.Errorf("the other node has %d connections, want 4", got)
	}
}
