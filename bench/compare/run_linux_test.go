package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/bennu-go/bennu/bench/internal/loopback"
	"github.com/bennu-go/bennu/bench/settle"
	"go.uber.org/goleak"
)

// role makes this test program play a server or the generator, so that runs can
// be tested without either.
const role = "COMPARE_TEST_ROLE"

func TestMain(m *testing.M) {
	if os.Getenv(role) == "" {
		goleak.VerifyTestMain(m)
	}
	if slices.Contains(os.Args, "-url") {
		playGenerator()
	} else if err := playServer(os.Args[1:]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

// playServer accepts connections and holds them. The first argument says what
// it does besides.
func playServer(args []string) error {
	switch args[0] {
	case "die":
		return errors.New("no such database")
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
	}
	if len(args) > 2 {
		admin, err := net.Listen("tcp", args[2])
		if err != nil {
			return err
		}
		go http.Serve(admin, settlesTwice())
	}
	ln, err := net.Listen("tcp", args[1])
	if err != nil {
		return err
	}
	for {
		nc, err := ln.Accept()
		if err != nil {
			return err
		}
		mu.Lock()
		held = append(held, nc)
		mu.Unlock()
	}
}

var (
	mu   sync.Mutex // guards the field below
	held []net.Conn // by the server that is played
)

// settlesTwice is the hook of a server that ends a run when it has been settled
// for the second time, and some.
func settlesTwice() http.Handler {
	var times atomic.Int32
	hook := settle.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hook.ServeHTTP(w, r)
		if times.Add(1) == 2 {
			time.AfterFunc(2*time.Second, func() {
				mu.Lock()
				defer mu.Unlock()
				for _, nc := range held {
					nc.Close()
				}
			})
		}
	})
}

// playGenerator opens 20 connections, holds them until the server ends them if
// it is told to, and prints a result.
func playGenerator() {
	address := os.Args[slices.Index(os.Args, "-url")+1]
	address = strings.TrimSuffix(strings.TrimPrefix(address, "ws://"), "/socket/websocket")
	for range 20 {
		nc, err := net.Dial("tcp", address)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		held = append(held, nc)
	}
	if slices.Contains(os.Args, "hold") {
		_, _ = io.Copy(io.Discard, held[0])
	}
	fmt.Println(`{"joined":20,"failed":0,"closed":0,"join_per_s":1000}`)
}

// cpu is one that this process may use.
func cpu(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(b), "Cpus_allowed_list:")
	list = strings.TrimSpace(list)
	return list[:strings.IndexFunc(list+"\n", func(r rune) bool { return r < '0' || r > '9' })]
}

func testSpec(t *testing.T, args string) spec {
	t.Helper()
	t.Setenv(role, "1")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s, err := parseSpec("x='"+self+"' "+args, loopback.Free)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestServerStartsAndStops(t *testing.T) {
	for _, how := range []string{"plain", "stubborn"} {
		t.Run(how, func(t *testing.T) {
			p, err := startServer(t.Context(), testSpec(t, how+" {addr}"), cpu(t))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := net.Dial("tcp", p.spec.addr.String()); err != nil {
				t.Errorf("not reachable: %v", err)
			}
			p.stop()
			if len(listening(p.spec.addr.Port())) > 0 {
				t.Error("still listens after stop")
			}
		})
	}
}

// The one who listens may be a child of what was started.
func TestServerBehindAShell(t *testing.T) {
	s := testSpec(t, "plain {addr}")
	s.argv = []string{"sh", "-c", strings.Join(s.argv, " ") + "; true"}
	p, err := startServer(t.Context(), s, cpu(t))
	if err != nil {
		t.Fatal(err)
	}
	if p.pid == p.cmd.Process.Pid {
		t.Error("the shell is measured instead of the server")
	}
	p.stop()
	if len(listening(s.addr.Port())) > 0 {
		t.Error("still listens after stop")
	}
}

func TestServerThatDoesNotStart(t *testing.T) {
	_, err := startServer(t.Context(), testSpec(t, "die {addr}"), cpu(t))
	if err == nil || !strings.Contains(err.Error(), "no such database") {
		t.Errorf("got %v, want what the server said", err)
	}
	s := testSpec(t, "plain {addr}")
	ln, err := net.Listen("tcp", s.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if _, err := startServer(t.Context(), s, cpu(t)); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("got %v, want to hear that the port is taken", err)
	}
}

func TestRun(t *testing.T) {
	s := testSpec(t, "plain {addr} {admin}")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := runner{generator: self, serverCPU: cpu(t), driverCPU: cpu(t)}
	sc := scenario{name: "idle", conns: 20, settles: true, limit: time.Minute, args: []string{"hold"}}
	got, err := r.run(t.Context(), sc, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, settled := got.Values["settled_B_per_conn"]; !settled || got.Values["join_per_s"] != 1000 || got.Scenario != "idle" || got.Server != "x" || got.Trouble != "" {
		t.Errorf("got %+v, want settled memory and the generator's figures", got)
	}

	sc.args, s = nil, testSpec(t, "plain {addr}")
	if got, err = r.run(t.Context(), sc, s); err != nil {
		t.Fatal(err)
	}
	if _, settled := got.Values["settled_B_per_conn"]; settled {
		t.Error("got settled memory of a server without an admin address")
	}

	r.generator = "/nonexistent"
	if _, err := r.run(t.Context(), sc, s); err == nil || errors.Is(err, errStart) {
		t.Errorf("got %v, want an error that is not the server's", err)
	}
	if _, err := r.run(t.Context(), sc, testSpec(t, "die {addr}")); !errors.Is(err, errStart) {
		t.Errorf("got %v, want the server's error", err)
	}
}

func TestOptions(t *testing.T) {
	t.Setenv("LOADGEN", "somewhere")
	o, err := parseOptions([]string{"-quick", "-only", "idle", "-servers", "epoll|^bennu$", "-server", "a=b", "-server", "c=d", "-dur", "2s", "-driver-cpu", "1"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if o.rounds != 1 || !o.quick || o.size.big != 500 || o.size.dur != 2*time.Second || len(o.servers) != 2 || o.loadgen != "somewhere" || o.only.MatchString("presence") || o.with.MatchString("bennu-tls") {
		t.Errorf("got %+v", o)
	}
	for _, args := range [][]string{
		{"-loadgen", ""}, {"-server-cpu", "1"}, {"-servers", "("}, {"-most", "100000000"}, {"-only", "("}, {"x=y"}, {"-n", "100000000"},
	} {
		if _, err := parseOptions(args, io.Discard); err == nil {
			t.Errorf("%v: got no error", args)
		}
	}
}

func TestServersByName(t *testing.T) {
	names := func(with string, given ...string) ([]string, error) {
		specs, err := servers(t.Context(), options{with: regexp.MustCompile(with), servers: given}, t.TempDir())
		var names []string
		for _, s := range specs {
			names = append(names, s.name)
		}
		return names, err
	}
	if got, err := names("^$", "x=./s -addr {addr}", "y=./s -tls -addr {addr}"); err != nil || !slices.Equal(got, []string{"x", "y"}) {
		t.Errorf("got %v and %v", got, err)
	}
	for _, given := range [][]string{nil, {"epoll=./s -addr {addr}"}, {"x=./s -addr {addr}", "x=./s -addr {addr}"}, {"x"}} {
		if got, err := names("^$", given...); err == nil {
			t.Errorf("%q: got %v, want an error", given, got)
		}
	}
}

// A server that does not answer must fail the whole; one that said from the
// start that it has no such channel must not.
func TestSilentServersFail(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	mute := testSpec(t, "plain {addr}")
	all := rounds{
		runner: runner{generator: self, serverCPU: cpu(t), driverCPU: cpu(t)}, count: 2, specs: []spec{mute},
		progress: io.Discard, keep: json.NewEncoder(io.Discard),
		report: results{servers: []string{"x"}, scenarios: []scenario{{name: "echo", conns: 21, limit: time.Minute}}},
	}
	err = all.run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "echo against x gave no figures: 1 connections not joined") || len(all.report.samples) != 2 {
		t.Errorf("got %v after %d runs, want to hear of the connection that is missing", err, len(all.report.samples))
	}
	all.report.samples, all.report.scenarios[0].conns = nil, 20
	if err := all.run(t.Context()); err != nil {
		t.Errorf("got %v from a server that answers", err)
	}
	all.report.samples[1].Trouble = "1 connections lost"
	if err := all.failures(); err != nil {
		t.Errorf("got %v, want one good round to do", err)
	}
	all.report.samples[0].Trouble, all.left["x echo"] = "20 connections not joined", errRefused
	if err := all.failures(); err != nil {
		t.Errorf("got %v from a server that does not offer it", err)
	}
}
