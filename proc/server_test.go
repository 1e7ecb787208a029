package proc

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

type counts struct{ n int }
type increment struct{ By int }
type note struct{ text string }

func counter(reply *[]string) Server[counts] {
	return Server[counts]{
		Name: "counter",
		Init: func(ctx context.Context, s *Self[counts]) error { s.State.n = 10; return nil },
		Call: Calls[counts]{
			OnCall(func(ctx context.Context, s *Self[counts], in increment) (int, error) {
				if in.By < 0 {
					return 0, errors.New("negative")
				}
				s.State.n += in.By
				return s.State.n, nil
			}),
			OnCall(func(ctx context.Context, s *Self[counts], in string) (string, error) {
				switch in {
				case "crash":
					panic("crash")
				case "self":
					_, err := Call[int](ctx, s.Process(), increment{1})
					return "", err
				case "never":
					return "", ErrLater
				}
				from := s.From()
				s.After(time.Second, func(context.Context, *Self[counts]) error { from.Reply("later "+in, nil); return nil })
				return "", ErrLater
			}),
		},
		Info: Infos[counts]{OnInfo(func(ctx context.Context, s *Self[counts], n note) error {
			*reply = append(*reply, n.text)
			return nil
		})},
	}
}

func TestServerCalls(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		ctx := t.Context()
		var notes []string
		p, err := StartUnsupervised(ctx, s, counter(&notes))
		if err != nil {
			t.Fatal(err)
		}
		if n, err := Call[int](ctx, p, increment{5}); n != 15 || err != nil {
			t.Errorf("got %d, %v, want 15", n, err)
		}
		if _, err := Call[int](ctx, p, increment{-1}); err == nil || err.Error() != "negative" {
			t.Errorf("got %v, want the handler's error", err)
		}
		if v, err := Call[string](ctx, p, "x"); v != "later x" || err != nil {
			t.Errorf("got %q, %v", v, err)
		}
		if _, err := Call[string](ctx, p, "self"); !errors.Is(err, ErrCallSelf) {
			t.Errorf("got %v, want ErrCallSelf", err)
		}
		if _, err := Call[int](ctx, p, "x"); err == nil {
			t.Error("an answer of another type was accepted")
		}
		if _, err := Call[int](ctx, p, 3.5); err == nil {
			t.Error("a request without handler was answered")
		}
		p.Send(note{"hello"})
		if st, err := p.State(ctx); err != nil || st.(counts).n != 15 {
			t.Errorf("state %v, %v", st, err)
		}
		if len(notes) != 1 || notes[0] != "hello" {
			t.Errorf("notes %q", notes)
		}
		began := time.Now()
		if _, err := Call[string](ctx, p, "never"); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != CallTimeout {
			t.Errorf("got %v after %v, want a time-out after %v", err, time.Since(began), CallTimeout)
		}
		if _, err := Call[string](ctx, p, "crash"); !errors.Is(err, ErrNoProcess) {
			t.Errorf("got %v, want ErrNoProcess", err)
		}
		synctest.Wait()
		if _, err := Call[int](ctx, p, increment{1}); !errors.Is(err, ErrNoProcess) {
			t.Errorf("got %v, want ErrNoProcess", err)
		}
	})
}

func TestCallersLearnOfTheEndWhileTheyWait(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		var notes []string
		p, _ := StartUnsupervised(t.Context(), s, counter(&notes))
		time.AfterFunc(time.Second, func() { p.Exit(nil) })
		began := time.Now()
		if _, err := Call[string](t.Context(), p, "never"); !errors.Is(err, ErrNoProcess) || time.Since(began) != time.Second {
			t.Errorf("got %v after %v, want ErrNoProcess after 1s", err, time.Since(began))
		}
	})
}

func TestStartReturnsTheErrorOfInit(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		bad := errors.New("bad")
		_, err := StartUnsupervised(t.Context(), s, Server[int]{Init: func(context.Context, *Self[int]) error { return bad }})
		if !errors.Is(err, bad) {
			t.Errorf("got %v", err)
		}
		_, err = StartUnsupervised(t.Context(), s, Server[int]{Init: func(context.Context, *Self[int]) error { panic("in init") }})
		if err == nil {
			t.Error("a panic in Init started a process")
		}
		if _, err = Start(t.Context(), nil, Server[int]{}); err == nil {
			t.Error("Start without a supervisor")
		}
		synctest.Wait()
		if s.Count() != 0 {
			t.Errorf("%d processes", s.Count())
		}
	})
}

func TestRegistry(t *testing.T) {
	inBubble(t, quiet(), func(t *testing.T, s *System) {
		a, b := &rec{}, &rec{}
		a.spawn(t, s, 0)
		b.spawn(t, s, 0)
		names := NewUnique[string, int]()
		if err := names.Register("x", &a.Process, 1); err != nil {
			t.Fatal(err)
		}
		if err := names.Register("x", &b.Process, 1); !errors.Is(err, ErrRegistered) {
			t.Errorf("got %v, want ErrRegistered", err)
		}
		groups := NewDuplicate[string, string]()
		groups.Register("g", &a.Process, "a")
		groups.Register("g", &b.Process, "b")
		if n := len(groups.Entries("g")); n != 2 {
			t.Errorf("%d in the group, want 2", n)
		}
		a.Exit(nil)
		synctest.Wait()
		if names.Lookup("x") != nil || names.Count() != 0 {
			t.Error("a name outlived its process")
		}
		if groups.Lookup("g") != &b.Process {
			t.Error("the group lost b, or kept a")
		}
		if err := names.Register("x", &a.Process, 0); err != ErrNoProcess {
			t.Errorf("registering a dead process: %v", err)
		}
		if err := names.Register("x", &b.Process, 0); err != nil {
			t.Error(err)
		}
		names.Unregister("x", &b.Process)
		if names.Lookup("x") != nil {
			t.Error("Unregister kept the entry")
		}
		if n := b.Info().Watchers; n != 1 {
			t.Errorf("%d watchers on b, want 1 (the group)", n)
		}
	})
}

func TestStrayMessagesDoNotFillTheLog(t *testing.T) {
	var logged bytes.Buffer
	inBubble(t, Config{Logger: slog.New(slog.NewTextHandler(&logged, nil))}, func(t *testing.T, s *System) {
		p, err := StartUnsupervised(t.Context(), s, Server[int]{Name: "deaf", Mailbox: 10_000})
		if err != nil {
			t.Fatal(err)
		}
		for range 5_000 {
			p.Send("stray")
		}
		synctest.Wait()
	})
	if n := strings.Count(logged.String(), "no Info handler"); n != crashBurst {
		t.Errorf("%d lines about 5,000 messages, want %d", n, crashBurst)
	}
}

func TestStartWithoutASystemSaysWhatIsMissing(t *testing.T) {
	if _, err := start(t.Context(), nil, nil, Server[int]{}); err == nil || !strings.Contains(err.Error(), "DynamicConfig.System") {
		t.Errorf("got %v", err)
	}
}
