package conntest

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// fake is a test whose failures are looked at.
type fake struct {
	testing.TB
	failed string
}

func (f *fake) Helper() {}
func (f *fake) Fatal(args ...any) {
	f.failed = fmt.Sprint(args...)
	runtime.Goexit()
}
func (f *fake) Fatalf(format string, args ...any) { f.Fatal(fmt.Sprintf(format, args...)) }

// fails runs f with a test that fails, and returns what it was told.
func fails(t *testing.T, f func(t testing.TB)) string {
	ft := &fake{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(ft)
	}()
	<-done
	return ft.failed
}

func wantFailure(t *testing.T, text string, f func(t testing.TB)) {
	t.Helper()
	if got := fails(t, f); text == "" && got != "" || text != "" && !strings.Contains(got, text) {
		t.Errorf("got failure %q, want %q in it", got, text)
	}
}
