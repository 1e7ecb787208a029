package endpoint

import (
	"context"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/supervise"
)

// memListener accepts connections in memory.
type memListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (l *memListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l *memListener) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *memListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4000} }

// A client that sends its upgrade a byte at a time, without end, is cut off after 10 seconds, and so is one that says nothing at all.
func TestSlowUpgradesAreCutOff(t *testing.T) {
	for name, header := range map[string]string{
		"a byte a second": "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: localhost\r\nX-Padding: ",
		"nothing":         "",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &memListener{conns: make(chan net.Conn), done: make(chan struct{})}
				log := slog.New(slog.DiscardHandler)
				sys := proc.NewSystem(proc.Config{Logger: log})
				ps := pubsub.New(pubsub.Config{System: sys, Logger: log})
				ep := New(Config{System: sys, PubSub: ps, Listener: l, Logger: log, Sockets: []Mount{{Path: "/socket", Socket: echoSocket()}}})
				ctx, cancel := context.WithCancel(t.Context())
				ready, stopped := make(chan struct{}), make(chan error, 1)
				go func() { stopped <- ep.Run(supervise.NotifyReady(ctx, func() { close(ready) })) }()
				<-ready

				client, server := net.Pipe()
				began := time.Now()
				l.conns <- server
				var wg sync.WaitGroup
				if header != "" {
					wg.Go(func() {
						for b := []byte(header); ; b = []byte("x") {
							if _, err := client.Write(b); err != nil {
								return
							}
							time.Sleep(time.Second)
						}
					})
				}
				io.Copy(io.Discard, client)
				if d := time.Since(began); d < 10*time.Second || d > 12*time.Second {
					t.Errorf("cut off after %v, want 10 s", d)
				}
				if n := ep.Connections(); n != 0 {
					t.Errorf("%d connections", n)
				}
				client.Close()
				wg.Wait()
				cancel()
				if err := <-stopped; err != nil {
					t.Error(err)
				}
				sys.Close()
			})
		})
	}
}
