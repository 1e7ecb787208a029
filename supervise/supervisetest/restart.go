package supervisetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/internal/stack"
	"github.com/bennu-go/bennu/supervise"
)

// A Subject is what TestRestart examines.
type Subject struct {
	// Child as an application would have it; only services, by Service or Start.
	Child supervise.Child
	// Check is called in each life when the service is ready, and must find it as new. It uses the service and leaves traces, for the next life not
	// to find. Nil checks nothing but that it runs.
	Check func(t testing.TB)
}

// lives is how often a subject is run.
const lives = 3

// TestRestart makes a subject, inside a bubble, and runs it several times. Whatever the subject needs besides is made by makeSubject too; t.Cleanup
// there runs after the last life, inside the bubble.
func TestRestart(t *testing.T, makeSubject func(t testing.TB) Subject) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := makeSubject(t)
		for _, err := range examine(t, s) {
			t.Error(err)
		}
	})
}

// examine returns what is wrong with the subject. It is called in a bubble.
func examine(t testing.TB, s Subject) (wrong []error) {
	before := goroutines()
	bad := func(err error, format string, args ...any) bool {
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err))
		}
		return err != nil
	}
	for n := 1; n <= lives; n++ {
		l, err := s.begin(context.Background())
		if bad(err, "life %d", n) || bad(s.awaitReady(l), "life %d", n) {
			return wrong
		}
		if bad(l.early(), "life %d", n) {
			return wrong
		}
		if s.Check != nil {
			s.Check(t)
		}
		if bad(l.early(), "life %d", n) {
			return wrong
		}
		if bad(s.end(l), "life %d", n) || bad(leaked(before), "after life %d", n) {
			return wrong
		}
	}

	gone, cancel := context.WithCancel(context.Background())
	cancel()
	l, err := s.begin(gone)
	if bad(err, "with a context that has ended already") {
		return wrong
	}
	if bad(s.end(l), "with a context that has ended already") || bad(leaked(before), "after a life with a context that had ended") {
		return wrong
	}

	if l, err = s.begin(context.Background()); bad(err, "told to stop while it starts") {
		return wrong
	}
	if bad(s.end(l), "told to stop while it starts") || bad(leaked(before), "after it was told to stop while it started") {
		return wrong
	}
	return wrong
}

func (s *Subject) begin(ctx context.Context) (*life, error) {
	svc := s.Child.Service
	if s.Child.Start != nil {
		var err error
		if svc, err = s.Child.Start(ctx); err != nil && ctx.Err() == nil {
			return nil, fmt.Errorf("Start: %w", err)
		} else if err != nil {
			svc = supervise.Func(func(context.Context) error { return nil }) // it noticed
		}
	}
	if svc == nil {
		return nil, errors.New("the subject has neither Service nor Start")
	}
	return begin(ctx, svc), nil
}

func (s *Subject) awaitReady(l *life) error {
	timeout := s.Child.StartTimeout
	if timeout == 0 {
		timeout = supervise.DefaultStartTimeout
	}
	var late <-chan time.Time
	if timeout > 0 {
		t := time.NewTimer(timeout)
		defer t.Stop()
		late = t.C
	}
	select {
	case <-l.ready:
		synctest.Wait() // so that it is where it waits for work
		return nil
	case <-l.done:
		select {
		case <-l.ready:
			return nil // which is found out next
		default:
			return fmt.Errorf("Run returned before it was ready: %v", l.err)
		}
	case <-late:
		return fmt.Errorf("not ready within %v", timeout)
	}
}

// early says whether it has returned by itself.
func (l *life) early() error {
	select {
	case <-l.done:
		return fmt.Errorf("Run returned before it was told to: %v", l.err)
	default:
		return nil
	}
}

// end stops it within its time-out of virtual time.
func (s *Subject) end(l *life) error {
	timeout := s.Child.StopTimeout
	if timeout == 0 {
		timeout = supervise.DefaultStopTimeout
	}
	l.cancel(context.Canceled)
	if timeout > 0 {
		late := time.NewTimer(timeout)
		defer late.Stop()
		select {
		case <-l.done:
		case <-late.C:
			return fmt.Errorf("Run did not return within %v of the end of its context", timeout)
		}
	} else {
		<-l.done
	}
	if !orderly(l.err) {
		return fmt.Errorf("Run returned an error when it was told to stop: %w", l.err)
	}
	return nil
}

// goroutines are the others in this bubble, by number. Idle workers of a proc.System, which lends them to whoever comes next, do not count.
func goroutines() map[string][]byte {
	synctest.Wait()
	all := map[string][]byte{}
	for _, trace := range stack.Bubble() {
		if bytes.Contains(trace, []byte("proc.(*workers).work(")) && !bytes.Contains(trace, []byte("proc.(*Process).run(")) {
			continue
		}
		name, _, _ := bytes.Cut(trace, []byte(" ["))
		all[string(name)] = trace
	}
	return all
}

// leaked compares with what ran before.
func leaked(before map[string][]byte) error {
	n := 0
	var one []byte
	for name, trace := range goroutines() {
		if before[name] == nil {
			n++
			one = trace
		}
	}
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%d goroutines more than before the first life, one of them:\n%s", n, one)
}
