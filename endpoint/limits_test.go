package endpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/transport"
)

func TestLimitsHoldForAllSocketsTogether(t *testing.T) {
	a := run(t, func(c *Config) {
		c.Limits = transport.Limits{MaxConnections: 2, MinAvailable: -1}
		c.Sockets = []Mount{{Path: "/a", Socket: echoSocket()}, {Path: "/b", Socket: echoSocket(), LongPoll: &transport.LongPollConfig{}}}
	})
	c := dial(t, tcp(t, a.addr), "/a/websocket?vsn=2.0.0")
	c.send(join)
	c.want(joined)
	get := func(path string) (int, string, string) {
		res, err := http.Get("http://" + a.addr + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		return res.StatusCode, res.Header.Get("Retry-After"), string(b)
	}
	if status, _, body := get("/b/longpoll?vsn=2.0.0"); status != 200 || !strings.HasPrefix(body, `{"status":410`) {
		t.Fatalf("the second, by long-poll: %d %s", status, body)
	}
	if status, after, _ := get("/b/longpoll?vsn=2.0.0"); status != 503 || after == "" {
		t.Errorf("the third, by long-poll: %d, Retry-After %q", status, after)
	}
	nc := tcp(t, a.addr)
	fmt.Fprintf(nc, "GET /a/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: localhost\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	answer, _ := io.ReadAll(nc)
	if !strings.HasPrefix(string(answer), "HTTP/1.1 503 ") || !strings.Contains(string(answer), "\r\nRetry-After: ") {
		t.Errorf("the fourth, by WebSocket: %s", answer)
	}
	if status, _, _ := get("/health/ready"); status != 200 {
		t.Errorf("health when the sockets are full: %d", status)
	}
	want := transport.Stats{MaxConnections: 2,
		WebSocket: transport.TransportStats{Connections: 1, Accepted: 1, Refused: transport.RefusedStats{Connections: 1}},
		LongPoll:  transport.TransportStats{Connections: 1, Accepted: 1, Refused: transport.RefusedStats{Connections: 1}}}
	if got := a.ep.Stats(); got != (Stats{Stats: want}) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	c.nc.Write(frame.AppendMasked(nil, frame.Close, true, [4]byte{}, []byte{3, 232}))
	c.want("close 1000")
	c.want("EOF")
	dial(t, tcp(t, a.addr), "/a/websocket?vsn=2.0.0") // its place is free
	if err := a.stop(); err != nil {
		t.Error(err)
	}
	if n := a.ep.Stats().Connections(); n != 0 {
		t.Errorf("%d places are taken after the stop, want 0", n)
	}
}

func TestWrongLimitsAreRefusedAtStart(t *testing.T) {
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()
	defer func() {
		if v := fmt.Sprint(recover()); !strings.HasPrefix(v, "endpoint: Config.Limits: ") {
			t.Errorf("got %s", v)
		}
	}()
	New(Config{System: sys, PubSub: pubsub.New(pubsub.Config{System: sys}), Limits: transport.Limits{AcceptRate: -1}})
}

// exhausted is a listener that fails before each connection that it accepts.
type exhausted struct {
	net.Listener
	fail  func(n int) error // of the n-th try, from 1
	tries atomic.Int64
}

func (l *exhausted) Accept() (net.Conn, error) {
	if err := l.fail(int(l.tries.Add(1))); err != nil {
		return nil, err
	}
	return l.Listener.Accept()
}

func acceptError(errno syscall.Errno) error {
	return &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", errno)}
}

func TestTheEndpointSurvivesDescriptorExhaustion(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	errnos := []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EPERM, syscall.EPROTO}
	double := &exhausted{Listener: l, fail: func(n int) error {
		if n <= len(errnos) {
			return acceptError(errnos[n-1])
		}
		return nil
	}}
	a := run(t, func(c *Config) { c.Listener = double })
	c := dial(t, tcp(t, a.addr), "/socket/websocket?vsn=2.0.0")
	c.send(join)
	c.want(joined)
	if got, want := a.ep.Stats().AcceptErrors, uint64(len(errnos)); got != want {
		t.Errorf("%d accept errors are counted, want %d", got, want)
	}
}

// silent is a listener in memory that only fails.
type silent struct {
	done chan struct{}
}

func (l silent) Accept() (net.Conn, error) {
	select {
	case <-l.done:
		return nil, net.ErrClosed
	default:
		return nil, acceptError(syscall.EMFILE)
	}
}
func (l silent) Close() error   { close(l.done); return nil }
func (l silent) Addr() net.Addr { return &net.TCPAddr{} }

func TestAcceptErrorsDoNotSpinAndAreSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged syncBuffer
		logger := slog.New(slog.NewTextHandler(&logged, nil))
		sys := proc.NewSystem(proc.Config{Logger: logger})
		defer sys.Close()
		ep := New(Config{System: sys, PubSub: pubsub.New(pubsub.Config{System: sys}), Listener: silent{make(chan struct{})}, Logger: logger})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- ep.Run(ctx) }()
		time.Sleep(10 * time.Minute)
		select {
		case err := <-done:
			t.Fatalf("the endpoint has ended: %v", err)
		default:
		}
		// 5, 10, … 640 ms, then once a second
		if n := ep.Stats().AcceptErrors; n < 590 || n > 620 {
			t.Errorf("accepting was tried %d times in 10 minutes, want about once a second", n)
		}
		if n := strings.Count(logged.String(), "no descriptors are left"); n < 10 || n > 11 {
			t.Errorf("it was said %d times in 10 minutes, want once a minute", n)
		}
		if !strings.Contains(logged.String(), `msg="transport: limits"`) {
			t.Error("the limits were not logged at start")
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestOtherAcceptErrorsEndTheEndpoint(t *testing.T) {
	for _, err := range []error{io.ErrUnexpectedEOF, net.ErrClosed, acceptError(syscall.EBADF), acceptError(syscall.EINVAL)} {
		if passing(err) {
			t.Errorf("%v passes?", err)
		}
	}
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENOMEM, syscall.ECONNABORTED} {
		l := &patient{Listener: &exhausted{fail: func(int) error { return acceptError(errno) }}, log: slog.New(slog.DiscardHandler), failed: new(atomic.Uint64)}
		_, err := l.Accept()
		var ne net.Error
		if !errors.As(err, &ne) || ne.Timeout() || !errors.Is(err, errno) {
			t.Errorf("%v became %v", errno, err)
		}
		if temp, ok := err.(interface{ Temporary() bool }); !ok || !temp.Temporary() {
			t.Errorf("%v is not temporary", errno)
		}
	}
}
