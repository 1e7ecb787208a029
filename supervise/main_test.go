package supervise

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scene is what a test in a bubble has: a diary of what happened, the log and the events.
type scene struct {
	t   *testing.T
	sys *proc.System
	tel *telemetry.Telemetry

	mu     sync.Mutex
	diary  []string
	events []string
	logged bytes.Buffer
	fakes  map[string]*fake
}

// inBubble gives f a scene in virtual time.
func inBubble(t *testing.T, f func(t *testing.T, s *scene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &scene{t: t, fakes: map[string]*fake{}}
		s.tel = telemetry.New(telemetry.Config{Logger: s.logger()})
		s.tel.AttachAll(func(ctx context.Context, e telemetry.Event) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.events = append(s.events, e.EventName())
		})
		s.sys = proc.NewSystem(proc.Config{Logger: s.logger()})
		defer s.sys.Close()
		f(t, s)
	})
}

func (s *scene) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logged.Write(p)
}

func (s *scene) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(s, nil))
}

func (s *scene) log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logged.String()
}

func (s *scene) lines(part string) int { return strings.Count(s.log(), part) }

func (s *scene) count(event string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if e == event {
			n++
		}
	}
	return n
}

func (s *scene) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.diary = append(s.diary, text)
}

// took returns the diary and begins a new one.
func (s *scene) took() string {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	text := strings.Join(s.diary, " ")
	s.diary = nil
	return text
}

func (s *scene) want(what, want string) {
	s.t.Helper()
	if got := s.took(); got != want {
		s.t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func (s *scene) config(c Config) Config {
	c.Logger, c.Telemetry, c.System = s.logger(), s.tel, s.sys
	if c.Name == "" {
		c.Name = "top"
	}
	return c
}

// fake is a service that does as it is told.
type fake struct {
	s     *scene
	name  string
	tell  chan func() error               // what Run does next; an error or nil ends it
	start func(ctx context.Context) error // before it is ready
	end   func(ctx context.Context) error // when told to stop
}

// fake makes, or finds, the fake of this name.
func (s *scene) fake(name string) *fake {
	f := s.fakes[name]
	if f == nil {
		f = &fake{s: s, name: name, tell: make(chan func() error, 1)}
		s.fakes[name] = f
	}
	return f
}

func (s *scene) child(name string, r Restart) Child {
	return Child{Name: name, Service: s.fake(name), Restart: r}
}

func (f *fake) AnnouncesReady() {}

func (f *fake) Run(ctx context.Context) error {
	f.s.note("+" + f.name)
	if f.start != nil {
		if err := f.start(ctx); err != nil {
			return err
		}
	}
	Ready(ctx)
	select {
	case <-ctx.Done():
		f.s.note("-" + f.name)
		if f.end != nil {
			return f.end(ctx)
		}
		return nil
	case do := <-f.tell:
		f.s.note("!" + f.name)
		return do()
	}
}

// ends has the service of this name end by do.
func (s *scene) ends(name string, do func() error) {
	synctest.Wait()
	s.fake(name).tell <- do
}

func (s *scene) fails(name string) { s.ends(name, func() error { return errBoom }) }

// begin runs svc and returns how to stop it and how it ended.
func (s *scene) begin(svc Service) (stop func(), result func() error) {
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan error, 1)
	go func() { done <- svc.Run(ctx) }()
	synctest.Wait()
	return cancel, sync.OnceValue(func() error { return <-done })
}
