package channeltest_test

import (
	"fmt"
	"strings"
	"testing"
)

// fakeTB is a test that may fail without failing the one it runs in.
type fakeTB struct {
	testing.TB
	messages []string
	cleanups []func()
}

type fatal struct{}

func (f *fakeTB) Helper()          {}
func (f *fakeTB) Cleanup(g func()) { f.cleanups = append(f.cleanups, g) }
func (f *fakeTB) Failed() bool     { return len(f.messages) > 0 }
func (f *fakeTB) Error(args ...any) {
	f.messages = append(f.messages, fmt.Sprint(args...))
}
func (f *fakeTB) Errorf(format string, args ...any) {
	f.messages = append(f.messages, fmt.Sprintf(format, args...))
}
func (f *fakeTB) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	panic(fatal{})
}

// failing runs a test that is expected to fail, and returns what it said.
func failing(t *testing.T, run func(t testing.TB)) string {
	t.Helper()
	f := &fakeTB{TB: t}
	func() {
		defer func() {
			if v := recover(); v != nil && v != (fatal{}) {
				panic(v)
			}
		}()
		run(f)
	}()
	for i := len(f.cleanups) - 1; i >= 0; i-- {
		f.cleanups[i]()
	}
	if len(f.messages) == 0 {
		t.Error("the test did not fail")
	}
	return strings.Join(f.messages, "\n")
}
