package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
)

// lpSocket lets clients in as echoes, unless told otherwise.
type lpSocket struct {
	connect func(r *ConnectRequest) error
	receive func(e *lpEcho, op frame.Opcode, data []byte) error

	mu       sync.Mutex // guards sessions
	sessions []*lpEcho
}

func (s *lpSocket) Name() string { return "echo" }

func (s *lpSocket) Connect(_ context.Context, r *ConnectRequest) (Session, error) {
	if s.connect != nil {
		if err := s.connect(r); err != nil {
			return nil, err
		}
	}
	e := &lpEcho{socket: s}
	s.mu.Lock()
	s.sessions = append(s.sessions, e)
	s.mu.Unlock()
	return e, nil
}

func (s *lpSocket) last() *lpEcho {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[len(s.sessions)-1]
}

// lpEcho writes what it receives, and notes what happens to it. Overlapping calls are noted as mistakes.
type lpEcho struct {
	socket *lpSocket
	conn   Conn

	mu       sync.Mutex // guards the fields below
	inside   bool
	opened   int
	drained  int
	closed   []error
	received []string
	mistakes []string
}

func (e *lpEcho) ID() string { return "id" }

// within notes a call, which must not overlap another or follow Closed.
func (e *lpEcho) within(what string) (leave func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.inside {
		e.mistakes = append(e.mistakes, what+" overlaps")
	}
	if len(e.closed) > 0 {
		e.mistakes = append(e.mistakes, what+" after Closed")
	}
	if what != "Open" && e.opened == 0 {
		e.mistakes = append(e.mistakes, what+" before Open")
	}
	e.inside = true
	return func() {
		e.mu.Lock()
		e.inside = false
		e.mu.Unlock()
	}
}

func (e *lpEcho) Open(c Conn) {
	defer e.within("Open")()
	e.mu.Lock()
	e.conn = c
	e.opened++
	e.mu.Unlock()
}

func (e *lpEcho) Receive(op frame.Opcode, data []byte) error {
	defer e.within("Receive")()
	e.mu.Lock()
	e.received = append(e.received, fmt.Sprintf("%s %s", op, data))
	e.mu.Unlock()
	if e.socket.receive != nil {
		return e.socket.receive(e, op, data)
	}
	e.write(op, string(data))
	return nil
}

func (e *lpEcho) Drain() {
	defer e.within("Drain")()
	e.mu.Lock()
	e.drained++
	e.mu.Unlock()
}

func (e *lpEcho) Closed(reason error) {
	defer e.within("Closed")()
	e.mu.Lock()
	e.closed = append(e.closed, reason)
	e.mu.Unlock()
}

// write writes as channels do: a frame in a buffer that is used again.
func (e *lpEcho) write(op frame.Opcode, data string) {
	buf := append(make([]byte, frame.MaxHeader), data...)
	p := buf[wire.FinishHeader(buf, frame.MaxHeader, op):]
	e.conn.Write(p)
	clear(buf)
}

func (e *lpEcho) state() (received []string, closed []error, drained int, mistakes []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.received...), append([]error(nil), e.closed...), e.drained, append([]string(nil), e.mistakes...)
}

// wantClosed checks that the session has been told once, and why.
func (e *lpEcho) wantClosed(t testing.TB, want ...error) {
	t.Helper()
	_, closed, _, mistakes := e.state()
	if len(closed) != len(want) || len(want) == 1 && !errors.Is(closed[0], want[0]) {
		t.Errorf("Closed was called with %v, want %v", closed, want)
	}
	if len(mistakes) > 0 {
		t.Errorf("calls of the session: %v", mistakes)
	}
}

// lpServer is a LongPoll with all it needs, and its client.
type lpServer struct {
	t      testing.TB
	sys    *proc.System
	shards *Shards
	socket *lpSocket
	lp     http.Handler
	log    *lpLog
}

// lpLog is written by many goroutines.
type lpLog struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *lpLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(p)
}

func (l *lpLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.String()
}

func newLPServer(t testing.TB, socket *lpSocket, cfg LongPollConfig) *lpServer {
	t.Helper()
	sys := proc.NewSystem(proc.Config{})
	t.Cleanup(sys.Close)
	return newLPNode(t, sys, pubsub.New(pubsub.Config{System: sys}), socket, cfg)
}

func newLPNode(t testing.TB, sys *proc.System, ps *pubsub.PubSub, socket *lpSocket, cfg LongPollConfig) *lpServer {
	t.Helper()
	s := &lpServer{t: t, sys: sys, socket: socket, log: &lpLog{}}
	s.shards = NewShards(1, ps, func(stack []byte, v any) { t.Errorf("panic in a shard: %v\n%s", v, stack) })
	env := Env{System: sys, PubSub: ps, Shards: s.shards, Logger: slog.New(slog.NewTextHandler(s.log, nil))}
	lp, err := NewLongPoll(env, socket, cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.lp = lp
	return s
}

// lpAnswer is an answer's body. Status -1 stands for none.
type lpAnswer struct {
	Status   int      `json:"status"`
	Token    *string  `json:"token"`
	Messages []string `json:"messages"`
	Code     int      `json:"code"`
	Reason   *string  `json:"reason"`
}

func (s *lpServer) do(r *http.Request) (lpAnswer, *httptest.ResponseRecorder) {
	w := httptest.NewRecorder()
	s.lp.ServeHTTP(w, r)
	a := lpAnswer{Status: -1}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
			s.t.Errorf("answer %q: %v", w.Body, err)
		}
	}
	return a, w
}

func (s *lpServer) get(tok string) lpAnswer {
	a, _ := s.do(lpGet(context.Background(), tok))
	return a
}

func lpGet(ctx context.Context, tok string) *http.Request {
	r := httptest.NewRequestWithContext(ctx, "GET", "/socket/longpoll?vsn=2.0.0", nil)
	if tok != "" {
		r.Header.Set("X-Phoenix-Longpoll-Token", tok)
	}
	return r
}

func lpPost(tok, contentType string, body io.Reader) *http.Request {
	r := httptest.NewRequest("POST", "/socket/longpoll?vsn=2.0.0", body)
	r.Header.Set("Content-Type", contentType)
	if tok != "" {
		r.Header.Set("X-Phoenix-Longpoll-Token", tok)
	}
	return r
}

// post publishes lines.
func (s *lpServer) post(tok string, body string) (status, httpStatus int) {
	a, w := s.do(lpPost(tok, "application/x-ndjson", bytes.NewReader([]byte(body))))
	return a.Status, w.Code
}

// open begins a session.
func (s *lpServer) open() (tok string) {
	s.t.Helper()
	a := s.get("")
	if a.Status != 410 || a.Token == nil || *a.Token == "" || a.Messages == nil || len(a.Messages) != 0 {
		s.t.Fatalf("opening a session: got %+v, want 410, a token and no messages", a)
	}
	return *a.Token
}

// poll polls in the background.
func (s *lpServer) poll(ctx context.Context, tok string) <-chan lpAnswer {
	c := make(chan lpAnswer, 1)
	go func() {
		a, _ := s.do(lpGet(ctx, tok))
		c <- a
	}()
	return c
}

// wantGone checks that the token finds nothing any more.
func (s *lpServer) wantGone(tok string) {
	s.t.Helper()
	if status, _ := s.post(tok, `["1"]`); status != 410 {
		s.t.Errorf("POST to a session that is gone: got %d, want 410", status)
	}
	if a := s.get(tok); a.Status != 410 || a.Token == nil || *a.Token == tok {
		s.t.Errorf("GET of a session that is gone: got %+v, want 410 and a new token", a)
	}
}

// sessions counts what the table holds.
func (s *lpServer) sessions() int {
	l := s.lp.(*LongPoll)
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.sessions)
}

const window = 10 * time.Second
