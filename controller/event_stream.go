package controller

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bennu-go/bennu/internal/codec"
)

// An Event is one of an [EventStream].
type Event struct {
	// ID that the client sends back when it has to connect again: [Events.LastID]. Empty sends none.
	ID string
	// Name is what addEventListener listens to. Empty means "message".
	Name string
	// Data of any number of lines. Without data and Name the page sees no event, but its browser heeds ID and Retry.
	Data string
	// Retry is how long the client waits before it connects again, from now on. Zero leaves that as it is.
	Retry time.Duration
}

// EventStream answers with server-sent events as long as f runs. f returns when [Events.Done] is closed: the client has left, or the server stops.
// What it returns then is no error; any other is logged and cuts the connection, and the client comes back.
func EventStream(w http.ResponseWriter, r *http.Request, f func(s *Events) error) error {
	h := w.Header()
	h.Set("Cache-Control", "no-cache, no-transform")
	s := &Events{lastID: r.Header.Get("Last-Event-ID"), pause: defaultKeepAlive}
	return Stream(w, r, http.StatusOK, "text/event-stream", func(out io.Writer) error {
		s.out, s.ctx = out, r.Context()
		s.mu.Lock()
		s.timer = time.AfterFunc(s.pause, s.keepAlive)
		s.mu.Unlock()
		defer s.end()
		return f(s)
	})
}

// defaultKeepAlive is below the patience of usual proxies, 60 seconds and sometimes 30.
const defaultKeepAlive = 15 * time.Second

// Events is the sending side of an [EventStream]. Its methods may be called from any goroutine that ends before the function of the stream does.
type Events struct {
	ctx    context.Context
	lastID string

	mu    sync.Mutex // guards what follows, and writing
	out   io.Writer
	pause time.Duration
	timer *time.Timer
	ended bool
}

// LastID is the ID of the last event that the client has seen before it lost its connection; empty for a new client. It is what the client says.
func (s *Events) LastID() string { return s.lastID }

// Done is closed when the client has left.
func (s *Events) Done() <-chan struct{} { return s.ctx.Done() }

// KeepAlive changes how long nothing may be sent until a comment is, which is 15 seconds; zero or less sends none.
func (s *Events) KeepAlive(pause time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pause = pause; pause > 0 {
		s.timer.Reset(pause)
	} else {
		s.timer.Stop()
	}
}

// Send sends an event. It fails if the client has left, or if ID or Name have more than one line.
func (s *Events) Send(e Event) error {
	text, err := e.encode()
	if err != nil {
		return err
	}
	return s.write(text)
}

// SendJSON sends an event whose data is v as JSON.
func (s *Events) SendJSON(name string, v any) error {
	data, err := codec.Marshal(v)
	if err != nil {
		return err
	}
	return s.Send(Event{Name: name, Data: string(data)})
}

func (s *Events) write(text []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return fmt.Errorf("controller: event sent after the function of its EventStream had returned")
	}
	if s.pause > 0 {
		s.timer.Reset(s.pause)
	}
	_, err := s.out.Write(text)
	return err
}

func (s *Events) keepAlive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.pause <= 0 {
		return
	}
	if _, err := s.out.Write([]byte(":\n\n")); err == nil {
		s.timer.Reset(s.pause)
	}
}

func (s *Events) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.timer.Stop()
}

// lineEnds are what the format knows as such.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

func (e Event) encode() ([]byte, error) {
	if strings.ContainsAny(e.ID, "\r\n\x00") {
		return nil, fmt.Errorf("controller: event: the ID %q has line ends or NUL", e.ID)
	}
	if strings.ContainsAny(e.Name, "\r\n") {
		return nil, fmt.Errorf("controller: event: the name %q has line ends", e.Name)
	}
	var b bytes.Buffer
	if e.ID != "" {
		b.WriteString("id: " + e.ID + "\n")
	}
	if e.Name != "" {
		b.WriteString("event: " + e.Name + "\n")
	}
	if e.Retry > 0 {
		b.WriteString("retry: " + strconv.FormatInt(e.Retry.Milliseconds(), 10) + "\n")
	}
	if e.Data == "" && e.Name == "" {
		b.WriteByte('\n')
		return b.Bytes(), nil
	}
	for line := range strings.SplitSeq(lineEnds.Replace(e.Data), "\n") {
		b.WriteString("data: " + line + "\n")
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}
