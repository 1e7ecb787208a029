package controller

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/router"
)

// pipe serves action over an in-memory connection: for bubbles.
func pipe(t *testing.T, action func(w http.ResponseWriter, r *http.Request) error) net.Conn {
	server, client := net.Pipe()
	rt := router.New(func(s *router.Scope) {
		s.Fallback(Fallback(FallbackConfig{Logger: silent()}))
		s.Get("/", action)
	})
	srv := &http.Server{Handler: rt}
	l := &oneConn{conn: server, closed: make(chan struct{})}
	go srv.Serve(l)
	t.Cleanup(func() { client.Close(); srv.Close() })
	return client
}

type oneConn struct {
	conn   net.Conn
	closed chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}
func (l *oneConn) Close() error   { close(l.closed); return nil }
func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

func request(t *testing.T, c net.Conn, headers string) *http.Response {
	t.Helper()
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n"+headers+"\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestStreamSendsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := make(chan bool)
		resp := request(t, pipe(t, func(w http.ResponseWriter, r *http.Request) error {
			return Stream(w, r, 200, "text/csv; charset=utf-8", func(w io.Writer) error {
				for _, line := range []string{"a\n", "b\n"} {
					if _, err := io.WriteString(w, line); err != nil {
						return err
					}
					<-next
				}
				return nil
			})
		}), "")
		if resp.Header.Get("Content-Type") != "text/csv; charset=utf-8" || resp.TransferEncoding[0] != "chunked" {
			t.Errorf("got %v", resp.Header)
		}
		body := bufio.NewReader(resp.Body)
		for _, want := range []string{"a\n", "b\n"} {
			if line, err := body.ReadString('\n'); line != want || err != nil {
				t.Errorf("got %q, %v", line, err)
			}
			next <- true
		}
		if rest, err := io.ReadAll(body); len(rest) > 0 || err != nil {
			t.Errorf("got %q, %v", rest, err)
		}
	})
}

func TestAStreamThatFailsIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		resp := request(t, pipe(t, func(w http.ResponseWriter, r *http.Request) error {
			return Stream(w, r, 200, "text/plain", func(w io.Writer) error {
				io.WriteString(w, "half")
				return errors.New("the rest is lost")
			})
		}), "")
		body, err := io.ReadAll(resp.Body)
		if string(body) != "half" || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("got %q, %v", body, err)
		}
	})
}

func TestAClientThatLeavesAStreamIsNoError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := make(chan error, 1)
		c := pipe(t, func(w http.ResponseWriter, r *http.Request) error {
			err := Stream(w, r, 200, "text/plain", func(w io.Writer) error {
				for {
					if _, err := io.WriteString(w, "x"); err != nil {
						return err
					}
					time.Sleep(time.Second)
				}
			})
			failed <- err
			return err
		})
		request(t, c, "")
		c.Close()
		if err := <-failed; err != nil {
			t.Errorf("got %v", err)
		}
	})
}

func TestAClientThatDoesNotReadIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took := make(chan time.Duration, 1)
		c := pipe(t, func(w http.ResponseWriter, r *http.Request) error {
			begin := time.Now()
			err := Stream(w, r, 200, "text/plain", func(w io.Writer) error {
				for {
					if _, err := io.WriteString(w, strings.Repeat("x", 1<<20)); err != nil {
						return err
					}
				}
			})
			took <- time.Since(begin)
			return err
		})
		request(t, c, "") // the header, and no more
		if d := <-took; d < clientPatience || d > clientPatience+time.Second {
			t.Errorf("given up after %v", d)
		}
	})
}

func TestHEADOfAStream(t *testing.T) {
	w := httptest.NewRecorder()
	err := Stream(w, httptest.NewRequest("HEAD", "/", nil), 200, "text/plain", func(io.Writer) error { t.Error("the stream runs"); return nil })
	if err != nil || w.Header().Get("Content-Type") != "text/plain" {
		t.Errorf("got %v", err)
	}
}

func TestEventEncoding(t *testing.T) {
	for _, c := range []struct {
		e    Event
		want string
	}{
		{Event{Data: "hi"}, "data: hi\n\n"},
		{Event{ID: "7", Name: "msg", Data: "a\nb\r\nc\rd", Retry: 1500 * time.Millisecond}, "id: 7\nevent: msg\nretry: 1500\ndata: a\ndata: b\ndata: c\ndata: d\n\n"},
		{Event{Name: "ping"}, "event: ping\ndata: \n\n"},
		{Event{Retry: time.Second}, "retry: 1000\n\n"},
		{Event{Data: "x\n\nid: 9"}, "data: x\ndata: \ndata: id: 9\n\n"},
	} {
		got, err := c.e.encode()
		if err != nil || string(got) != c.want {
			t.Errorf("%+v: got %q, %v, want %q", c.e, got, err, c.want)
		}
	}
	for _, e := range []Event{{ID: "a\nb"}, {ID: "a\x00"}, {Name: "a\rb"}} {
		if _, err := e.encode(); err == nil {
			t.Errorf("%+v is encoded", e)
		}
	}
}

func TestEventStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		var stream *Events
		c := pipe(t, func(w http.ResponseWriter, r *http.Request) error {
			err := EventStream(w, r, func(s *Events) error {
				stream = s
				if err := s.SendJSON("hello", map[string]any{"after": s.LastID(), "list": []int(nil)}); err != nil {
					return err
				}
				<-s.Done()
				return s.Send(Event{Data: "nobody hears this"})
			})
			ended <- err
			return err
		})
		resp := request(t, c, "Last-Event-ID: 41\r\n")
		for name, want := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		begin, body := time.Now(), bufio.NewReader(resp.Body)
		read := func(want string) {
			t.Helper()
			got := make([]byte, len(want))
			if _, err := io.ReadFull(body, got); err != nil || string(got) != want {
				t.Fatalf("got %q, %v, want %q", got, err, want)
			}
		}
		read("event: hello\ndata: {\"after\":\"41\",\"list\":[]}\n\n")
		read(":\n\n:\n\n")
		if d := time.Since(begin); d != 2*defaultKeepAlive {
			t.Errorf("two comments after %v", d)
		}
		stream.KeepAlive(0)
		time.Sleep(time.Hour)
		sent := make(chan error)
		go func() { sent <- stream.Send(Event{Data: "still here"}) }() // a pipe has no buffer
		read("data: still here\n\n")
		if err := <-sent; err != nil {
			t.Error(err)
		}
		c.Close()
		if err := <-ended; err != nil {
			t.Errorf("got %v", err)
		}
		if err := stream.Send(Event{}); err == nil || !strings.Contains(err.Error(), "had returned") {
			t.Errorf("got %v", err)
		}
	})
}

// A stream of HTTP/2 is not ended by the patience with its last write.
func TestAnIdleStreamOverHTTP2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := net.Pipe()
		h := func(w http.ResponseWriter, r *http.Request) {
			EventStream(w, r, func(s *Events) error {
				s.KeepAlive(0)
				s.Send(Event{Data: "a"})
				time.Sleep(time.Hour)
				return s.Send(Event{Data: "b"})
			})
		}
		srv := &http.Server{Handler: http.HandlerFunc(h), Protocols: new(http.Protocols)}
		srv.Protocols.SetUnencryptedHTTP2(true)
		go srv.Serve(&oneConn{conn: server, closed: make(chan struct{})})
		tr := &http.Transport{Protocols: srv.Protocols, DialContext: func(context.Context, string, string) (net.Conn, error) { return client, nil }}
		resp, err := (&http.Client{Transport: tr}).Get("http://a/")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if resp.ProtoMajor != 2 || string(body) != "data: a\n\ndata: b\n\n" || err != nil {
			t.Errorf("got %s %q, %v", resp.Proto, body, err)
		}
		tr.CloseIdleConnections()
		srv.Close()
	})
}
