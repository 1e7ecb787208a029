package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/bennu-go/bennu/bench/internal/child"
)

var built struct {
	once sync.Once
	dir  string
	err  error
}

// TestMain is also the program that the fault half-open starts, which has no tests to run.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, holding) {
		main()
		return
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(built.dir)
		os.Exit(code)
	}))
}

// serverProgram builds the server once.
func serverProgram(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "storm-test-"); built.err == nil {
			built.err = child.Build(context.Background(), filepath.Join(built.dir, "server"))
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.dir, "server")
}

// lowAddr is a free address below the ports of outgoing connections.
func lowAddr(t *testing.T) netip.AddrPort {
	t.Helper()
	for range 100 {
		ln, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(10_000)))
		if err == nil {
			defer ln.Close()
			return ln.Addr().(*net.TCPAddr).AddrPort()
		}
	}
	t.Fatal("no port is free")
	return netip.AddrPort{}
}

// small is a storm in a glass of water.
func small(t *testing.T, mode string, n int) (context.Context, options) {
	t.Helper()
	program := serverProgram(t)
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Second, errors.New("the limit of a small storm"))
	t.Cleanup(cancel)
	return ctx, options{mode: mode, n: n, each: 5, topics: n, engine: "auto", length: time.Second, stop: 500 * time.Millisecond, rate: 2_000, addr: lowAddr(t), server: program}
}

func TestRestart(t *testing.T) {
	for _, tt := range []struct{ mode, end string }{{"kill", "eof"}, {"drain", "1012"}} {
		t.Run(tt.mode, func(t *testing.T) {
			ctx, o := small(t, tt.mode, 300)
			r, err := o.restart(ctx)
			if err != nil {
				t.Fatal(err)
			}
			// A reset is a kill, too: the server may have had bytes unread.
			if r.Ends[tt.end] != 300 && (tt.mode != "kill" || r.Ends["eof"]+r.Ends["reset"] != 300) {
				t.Errorf("connections ended with %v, want 300 times %s", r.Ends, tt.end)
			}
			if r.Dials["open"] != 300 || r.Join.Count != 300 || len(r.Refused) > 0 {
				t.Errorf("got %d opened, %d joined, refused %v; want 300, 300 and none", r.Dials["open"], r.Join.Count, r.Refused)
			}
			if r.Health.Answers == 0 || r.Health.Failed > 0 {
				t.Errorf("health of the new server: %+v", r.Health)
			}
			if r.LogLines > 5 || r.OldLogLines > 5 {
				t.Errorf("the servers logged %d and %d lines about an ordinary restart", r.OldLogLines, r.LogLines)
			}
		})
	}
}

func TestRestartAfterAWhileWithoutAServer(t *testing.T) {
	ctx, o := small(t, "kill", 50)
	o.down = 300 * time.Millisecond
	r, err := o.restart(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if r.Dials["refused"] < 50*3 {
		t.Errorf("got %v, want every client refused three times at least in 300 ms", r.Dials)
	}
}

func TestCrash(t *testing.T) {
	ctx, o := small(t, "crash", 100)
	o.topics, o.length = 100, 1500*time.Millisecond // a topic each: one trouble all the same, and one sample
	r, err := o.crash(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if r.Crashes < 100 || len(r.Refused) != 1 {
		t.Errorf("got %v, want all joins crashed", r.Refused)
	}
	if r.LogLines > 120 || r.LogLines == 0 {
		t.Errorf("got %d lines about %d crashes, want a sample", r.LogLines, r.Crashes)
	}
	if r.Echo.Count < 10 {
		t.Errorf("got %d echoes beside the crashes", r.Echo.Count)
	}
}

func TestBlocked(t *testing.T) {
	ctx, o := small(t, "blocked", 500)
	r, err := o.blocked(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if r.Replies != 500 || r.Clients != 100 || r.Lost != 0 {
		t.Errorf("got %d replies, %d clients, %d lost; want 500, 100, none", r.Replies, r.Clients, r.Lost)
	}
	if r.Join.Count != 10 || r.JoinIdle.Count != 10 || r.Beats.Count == 0 || r.Echo.Count == 0 || r.EchoIdle.Count == 0 {
		t.Errorf("something stood still: %+v", r)
	}
}

func TestIgnore(t *testing.T) {
	ctx, o := small(t, "ignore", 5)
	o.length = time.Minute
	r, err := o.ignore(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Stacks || r.Ends["1012"] != 5 {
		t.Errorf("got %+v, want the stacks in the log and 5 closed with 1012", r)
	}
	if r.ExitMS > 30_000 {
		t.Errorf("the server took %v ms to end, with half a second for callbacks", r.ExitMS)
	}
	if r.LogLines < 5 || r.LogLines > 25 {
		t.Errorf("got %d lines about 5 callbacks", r.LogLines)
	}
}

func TestRunPrintsOneLine(t *testing.T) {
	var out, complaints bytes.Buffer
	args := []string{"-mode", "kill", "-n", "20", "-addr", lowAddr(t).String(), "-server", serverProgram(t), "-timeout", "40s"}
	if err := run(t.Context(), args, &out, &complaints); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || strings.Count(out.String(), "\n") != 1 {
		t.Fatalf("got %q, %v", out.String(), err)
	}
	if got["mode"] != "kill" || got["clients"] != 20.0 {
		t.Errorf("got %v", got)
	}
}

func TestRunRefuses(t *testing.T) {
	busy, err := net.Listen("tcp4", lowAddr(t).String())
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	go func() {
		for {
			nc, err := busy.Accept()
			if err != nil {
				return
			}
			nc.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
			nc.Close()
		}
	}()
	for _, tt := range []struct {
		args, want string
	}{
		{"-mode flood", "say kill, drain"},
		{"-mode kill -addr 10.0.0.1:80", "reachable from other machines"},
		{"-mode kill -addr [::1]:80", "only 127.0.0.0/8"},
		{"-mode kill more", `unexpected "more"`},
		{"-mode blocked -each 0", "at least 1"},
		{"-mode kill -server /dev/null -addr " + lowAddr(t).String(), "starting the server"},
		{"-mode kill -server " + serverProgram(t) + " -addr " + busy.Addr().String(), "serves on"},
	} {
		var out, complaints bytes.Buffer
		err := run(t.Context(), strings.Fields(tt.args), &out, &complaints)
		if err == nil || !strings.Contains(err.Error(), tt.want) || out.Len() > 0 {
			t.Errorf("storm %s: got %v and %q, want %q", tt.args, err, out.String(), tt.want)
		}
	}
}

func TestServeTellsWhatTheServerSaid(t *testing.T) {
	_, o := small(t, "kill", 1)
	busy, err := net.Listen("tcp4", o.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	p, err := o.launch()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	if err := p.Ended(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !p.Log.Has("address already in use") || p.Err == nil {
		t.Errorf("got %v and %q", p.Err, p.Log.Tail())
	}
}

func TestBusyOf(t *testing.T) {
	got, err := busyOf("cpu  100 1 200 9999 50 3 4 5 0 0\ncpu0 1 2 3\n")
	if err != nil || got != 3130*time.Millisecond {
		t.Errorf("got %v, %v, want 3.13s", got, err)
	}
	if _, err := busyOf("intr 5\n"); err == nil {
		t.Error("another line is accepted")
	}
}
