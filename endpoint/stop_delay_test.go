package endpoint

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/supervise"
)

// While StopDelay lasts only readiness and the end of connections tell that the endpoint is about to stop.
func TestStopDelayServesAsBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &memListener{conns: make(chan net.Conn), done: make(chan struct{})}
		log := slog.New(slog.DiscardHandler)
		sys := proc.NewSystem(proc.Config{Logger: log})
		ps := pubsub.New(pubsub.Config{System: sys, Logger: log})
		const delay = 7 * time.Second
		ep := New(Config{System: sys, PubSub: ps, Listener: l, Logger: log, StopDelay: delay, Sockets: []Mount{{Path: "/socket", Socket: echoSocket()}}})
		if got, want := ep.StopWithin(), New(Config{System: sys, PubSub: ps, Listener: l, Logger: log, Sockets: []Mount{{Path: "/socket", Socket: echoSocket()}}}).StopWithin()+delay; got != want {
			t.Errorf("StopWithin is %s, want %s", got, want)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ready, stopped := make(chan struct{}), make(chan error, 1)
		go func() { stopped <- ep.Run(supervise.NotifyReady(ctx, func() { close(ready) })) }()
		<-ready
		connect := func() net.Conn {
			client, server := net.Pipe()
			l.conns <- server
			return client
		}
		tr := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return connect(), nil }}
		get := func(path string) (status int, closes bool) {
			res, err := (&http.Client{Transport: tr}).Get("http://localhost" + path)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			io.Copy(io.Discard, res.Body)
			return res.StatusCode, res.Close
		}
		if status, closes := get("/health/ready"); status != 200 || closes {
			t.Errorf("ready: got %d, close %v", status, closes)
		}

		began := time.Now()
		cancel()
		synctest.Wait()
		if status, closes := get("/health/ready"); status != 503 || !closes {
			t.Errorf("ready while it is about to stop: got %d, close %v; want 503 and the connection closed", status, closes)
		}
		if status, closes := get("/nothing"); status != 404 || !closes {
			t.Errorf("another request: got %d, close %v; want 404 and the connection closed", status, closes)
		}
		c := dial(t, connect(), "/socket/websocket?vsn=2.0.0")
		c.send(join)
		c.want(joined)
		c.want("close 1012")
		if took := time.Since(began); took < delay || took > delay+time.Second {
			t.Errorf("drained after %s, want %s", took, delay)
		}
		c.nc.Close()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		tr.CloseIdleConnections()
		sys.Close()
	})
}
