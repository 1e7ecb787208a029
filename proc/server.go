package proc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"time"
)

// A Server defines a process over your own state type S: what GenServer is. Every function is optional.
type Server[S any] struct {
	// Name is the label of the process. Empty means the name of S.
	Name string
	// Init makes the state. An error ends the process and is what Start returns.
	Init func(ctx context.Context, s *Self[S]) error
	// Call holds the requests that are answered, by type.
	Call Calls[S]
	// Info holds the other messages, by type.
	Info Infos[S]
	// Any gets the messages that neither holds. Nil logs a warning, and answers calls with an error.
	Any func(ctx context.Context, s *Self[S], msg any) error
	// Terminate is called when the process ends, but not when it is killed. Its ctx is still good, for as long as the System's StopTimeout.
	Terminate func(ctx context.Context, s *Self[S], reason error)
	// Mailbox is the limit of waiting messages. Zero means the System's, 1,000.
	Mailbox int
}

// Self is a server process as its callbacks see it. Its methods may be called from callbacks only, except Process.
type Self[S any] struct {
	process Process
	State   S
	def     *Server[S]
	from    *From // of the request being handled
}

// Calls are the requests that a Server answers.
type Calls[S any] []CallHandler[S]

// A CallHandler answers requests of one type. Make it with OnCall.
type CallHandler[S any] struct {
	request reflect.Type
	handle  func(ctx context.Context, s *Self[S], request any) (any, error)
}

// OnCall answers requests of type Req. The error goes to the caller and the process lives on. ErrLater answers nothing: keep s.From().
// To end the process, call s.Stop.
func OnCall[S, Req, Resp any](f func(ctx context.Context, s *Self[S], request Req) (Resp, error)) CallHandler[S] {
	return CallHandler[S]{reflect.TypeFor[Req](), func(ctx context.Context, s *Self[S], request any) (any, error) {
		return f(ctx, s, request.(Req))
	}}
}

// ErrLater is returned by a call handler whose answer will be given through From.
var ErrLater = errors.New("proc: answered later")

// Infos are the messages that a Server takes besides calls.
type Infos[S any] []InfoHandler[S]

// An InfoHandler takes messages of one type. Make it with OnInfo.
type InfoHandler[S any] struct {
	message reflect.Type
	handle  func(ctx context.Context, s *Self[S], msg any) error
}

// OnInfo takes messages of type M, sent by Send, timers or subscriptions. An error ends the process: ErrNormal in order, another as a crash.
func OnInfo[S, M any](f func(ctx context.Context, s *Self[S], msg M) error) InfoHandler[S] {
	return InfoHandler[S]{reflect.TypeFor[M](), func(ctx context.Context, s *Self[S], msg any) error {
		return f(ctx, s, msg.(M))
	}}
}

// Start starts a Server under a supervisor and waits for its Init.
func Start[S any](ctx context.Context, sup Supervisor, def Server[S]) (*Process, error) {
	if sup == nil {
		return nil, errors.New("proc: Start needs a supervisor; StartUnsupervised does without, visibly")
	}
	return start(ctx, sup.System(), sup, def)
}

// StartUnsupervised starts a Server that nobody restarts, and nobody but its System ends.
func StartUnsupervised[S any](ctx context.Context, sys *System, def Server[S]) (*Process, error) {
	return start(ctx, sys, nil, def)
}

func start[S any](ctx context.Context, sys *System, sup Supervisor, def Server[S]) (*Process, error) {
	if sys == nil {
		return nil, errors.New("proc: starting a process needs a System; a supervise.Dynamic gets it by DynamicConfig.System")
	}
	s := &Self[S]{def: &def}
	ready := make(chan error, 1)
	if err := sys.Spawn(&s.process, Spec{Behaviour: s, Supervisor: sup, Mailbox: def.Mailbox, First: initialise{ready}}); err != nil {
		return nil, err
	}
	select {
	case err := <-ready:
		if err == nil {
			return &s.process, nil
		}
		gone := make(chan struct{})
		s.process.Watch(func(error) { close(gone) })
		select { // so that its names are free when Start returns
		case <-gone:
		case <-ctx.Done():
		}
		return nil, err
	case <-ctx.Done():
		s.process.Exit(ErrShutdown)
		return nil, fmt.Errorf("proc: starting %s: %w", s.Label(), context.Cause(ctx))
	}
}

type initialise struct{ ready chan<- error }

// initFailed is the reason of a process whose Init returned an error: known to Start's caller, so no crash to report.
type initFailed struct{ error }

func (e initFailed) Unwrap() error        { return e.error }
func (e initFailed) Is(target error) bool { return target == ErrShutdown }

// Process returns the process, for others to send to. It may be called from anywhere.
func (s *Self[S]) Process() *Process { return &s.process }

// From returns the caller of the request being handled, to be answered later; nil outside of a call handler.
func (s *Self[S]) From() *From { return s.from }

// Send sends a message to the process itself.
func (s *Self[S]) Send(msg any) error { return s.process.Send(msg) }

// Stop ends the process when the callback returns. Nil is ErrNormal.
func (s *Self[S]) Stop(reason error) { s.process.Exit(reason) }

// Go runs work that outlives the callback: recovered, reported, ended with the process.
func (s *Self[S]) Go(f func(ctx context.Context)) { s.process.Go(f) }

// After has f called on the process after d.
func (s *Self[S]) After(d time.Duration, f func(ctx context.Context, s *Self[S]) error) *Timer {
	return s.process.SendAfter(d, run[S]{f})
}

// Every has f called on the process every d; a tick that finds the one before still waiting is skipped.
func (s *Self[S]) Every(d time.Duration, f func(ctx context.Context, s *Self[S]) error) *Timer {
	return s.process.SendEvery(d, run[S]{f})
}

type run[S any] struct {
	f func(ctx context.Context, s *Self[S]) error
}

// Label implements Behaviour.
func (s *Self[S]) Label() string {
	if s.def.Name != "" {
		return s.def.Name
	}
	return reflect.TypeFor[S]().String()
}

// Inspect implements Inspector.
func (s *Self[S]) Inspect() any { return s.State }

// Handle implements Behaviour.
func (s *Self[S]) Handle(p *Process, msg any) error {
	ctx := p.Context()
	switch m := msg.(type) {
	case initialise:
		return s.init(ctx, m)
	case run[S]:
		return m.f(ctx, s)
	case *Request:
		return s.call(ctx, m)
	}
	t := reflect.TypeOf(msg)
	for i := range s.def.Info {
		h := &s.def.Info[i]
		if takes(h.message, t) {
			return h.handle(ctx, s, msg)
		}
	}
	return s.any(ctx, msg)
}

// takes says whether a handler for want takes a message of type got, nil for the message nil. Interfaces take what implements them.
func takes(want, got reflect.Type) bool {
	return want == got || got != nil && want.Kind() == reflect.Interface && got.Implements(want)
}

func (s *Self[S]) init(ctx context.Context, m initialise) (err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		v := recover()
		m.ready <- fmt.Errorf("proc: starting %s: panic: %v", s.Label(), v)
		if v != nil { // nil: runtime.Goexit
			panic(v)
		}
	}()
	if s.def.Init != nil {
		err = s.def.Init(ctx, s)
	}
	returned = true
	m.ready <- err
	if err != nil {
		return initFailed{err}
	}
	return nil
}

func (s *Self[S]) call(ctx context.Context, req *Request) error {
	t := reflect.TypeOf(req.Message)
	for i := range s.def.Call {
		h := &s.def.Call[i]
		if !takes(h.request, t) {
			continue
		}
		s.from = &req.From
		v, err := h.handle(ctx, s, req.Message) // if it panics, proc answers
		s.from = nil
		if err != ErrLater {
			req.Reply(v, err)
		} else {
			req.watch(&s.process)
		}
		return nil
	}
	if s.def.Any != nil {
		return s.def.Any(ctx, s, req)
	}
	req.Reply(nil, fmt.Errorf("proc: %s has no Call handler for %T", s.Label(), req.Message))
	return nil
}

func (s *Self[S]) any(ctx context.Context, msg any) error {
	if s.def.Any != nil {
		return s.def.Any(ctx, s, msg)
	}
	sys := s.process.sys
	if ok, suppressed := sys.strays.allow(s.Label()); ok { // whoever can send could fill the log otherwise
		attrs := []slog.Attr{slog.String("process", s.Label()), slog.String("type", fmt.Sprintf("%T", msg))}
		if suppressed > 0 {
			attrs = append(attrs, slog.Int("suppressed", suppressed))
		}
		sys.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "process got a message that it has no Info handler for", attrs...)
	}
	return nil
}

// Terminate implements Behaviour.
func (s *Self[S]) Terminate(p *Process, reason error) {
	if s.def.Terminate != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(p.Context()), p.sys.cfg.StopTimeout)
		defer cancel()
		s.def.Terminate(ctx, s, reason)
	}
}

// Dropped implements Behaviour.
func (s *Self[S]) Dropped(p *Process, msg any) {
	if m, ok := msg.(initialise); ok {
		m.ready <- fmt.Errorf("proc: starting %s: ended before Init: %w", s.Label(), context.Cause(p.Context()))
	}
}

// Exited implements Behaviour.
func (s *Self[S]) Exited(p *Process, reason error) {}
