package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/bennu-go/bennu/app"
	"github.com/bennu-go/bennu/config"
	"github.com/bennu-go/bennu/endpoint"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/supervise"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type settings struct {
	Addr   string        `env:"ADDR" default:"127.0.0.1:4000" help:"where to listen"`
	Secret config.Secret `env:"SECRET"`
	Health string        `env:"HEALTH"`
}

func nothing(http.ResponseWriter, *http.Request) error { return nil }

// shop is an application; environ is what its settings come from.
func shop(environ ...string) app.App[settings] {
	return app.App[settings]{
		Name:   "shop",
		Config: config.Source{Prefix: "SHOP_", Environ: append([]string{"HOME=/"}, environ...)},
		Build: func(cfg settings) (app.Parts, error) {
			logger := slog.New(slog.DiscardHandler)
			sys := proc.NewSystem(proc.Config{Logger: logger})
			ps := pubsub.New(pubsub.Config{System: sys, Logger: logger})
			ep := endpoint.New(endpoint.Config{System: sys, PubSub: ps, Addr: cfg.Addr, Health: cfg.Health, Logger: logger, Handler: router.New(func(r *router.Scope) {
				r.Get("/carts/{id}", nothing, router.Options{Name: "cart", Action: "carts.Show"})
				r.Get("/carts/new", nothing, router.Options{Action: "carts.New"})
			})})
			return app.Parts{Endpoint: ep, Service: supervise.New(supervise.Config{Name: "shop", Logger: logger},
				supervise.Child{Name: "processes", Service: sys},
				supervise.Child{Name: "endpoint", Service: ep},
			)}, nil
		},
	}
}

// call runs the binary, so to say.
func call[C any](t *testing.T, a app.App[C], args ...string) (status int, out, errOut string) {
	t.Helper()
	var o, e strings.Builder
	status = a.Run(t.Context(), args, &o, &e)
	return status, o.String(), e.String()
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestHelpAndMistakes(t *testing.T) {
	for _, tc := range []struct {
		args        []string
		status      int
		out, errOut string // parts
	}{
		{nil, 2, "", "Usage: shop COMMAND"},
		{[]string{"-h"}, 0, "Usage: shop COMMAND", ""},
		{[]string{"help"}, 0, "  health  ask", ""},
		{[]string{"sever"}, 2, "", "shop: there is no command \"sever\"\n\nUsage: shop COMMAND"},
		{[]string{"routes", "-h"}, 0, "-json", ""},
		{[]string{"routes", "-yaml"}, 2, "", "shop routes: flag provided but not defined: -yaml"},
		{[]string{"routes", "all"}, 2, "", `unexpected argument "all"`},
		{[]string{"server", "now"}, 2, "", `unexpected argument "now"`},
	} {
		status, out, errOut := call(t, shop(), tc.args...)
		if status != tc.status || !strings.Contains(out, tc.out) || !strings.Contains(errOut, tc.errOut) || (tc.errOut == "") != (errOut == "") {
			t.Errorf("%v: got status %d, output %q, errors %q", tc.args, status, out, errOut)
		}
	}
}

func TestRoutes(t *testing.T) {
	status, out, errOut := call(t, shop(), "routes")
	want := "Cart  GET  /carts/{id}  carts.Show\n      GET  /carts/new   carts.New\n"
	if status != 0 || out != want || !strings.Contains(errOut, "warning: ") || !strings.Contains(errOut, "/carts/new is never reached") {
		t.Errorf("got status %d, output %q, errors %q", status, out, errOut)
	}
	_, out, _ = call(t, shop(), "routes", "-json")
	var list []router.Route
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list) != 2 || list[0].Name != "Cart" {
		t.Errorf("got %v, %v", list, err)
	}
}

func TestPaths(t *testing.T) {
	file := filepath.Join(t.TempDir(), "paths.go")
	if status, out, errOut := call(t, shop(), "paths", "-o", file, "-package", "links"); status != 0 || out+errOut != "" {
		t.Fatalf("got status %d, %s%s", status, out, errOut)
	}
	src, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(src), "package links") || !strings.Contains(string(src), "func Cart(id any") {
		t.Errorf("got %s, %v", src, err)
	}
	before, _ := os.Stat(file)
	call(t, shop(), "paths", "-o", file, "-package", "links")
	if after, err := os.Stat(file); err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("a file that was right was written again (%v)", err)
	}
	if _, out, _ := call(t, shop(), "paths"); !strings.Contains(out, "package paths") {
		t.Errorf("got %s", out)
	}
	if status, _, errOut := call(t, shop(), "paths", "-package", "no-name"); status != 1 || !strings.Contains(errOut, "no name of a package") {
		t.Errorf("got status %d, %s", status, errOut)
	}
}

func TestConfig(t *testing.T) {
	status, out, _ := call(t, shop(), "config")
	if status != 0 || !strings.Contains(out, "SHOP_ADDR") || !strings.Contains(out, "where to listen") {
		t.Errorf("got status %d, %s", status, out)
	}
	status, _, errOut := call(t, shop("SHOP_ADR=x"), "routes")
	if want := "shop routes: config: the environment is not right:\n  SHOP_ADR: is not known; did you mean SHOP_ADDR?\n"; status != 1 || errOut != want {
		t.Errorf("got status %d, %s", status, errOut)
	}
}

// The server serves until it is told to stop, and health tells so; nothing else listens.
func TestServerAndHealth(t *testing.T) {
	addr := freeAddr(t)
	a := shop("SHOP_ADDR=" + addr)
	if status, out, errOut := call(t, a, "health"); status != 1 || out != "" || !strings.Contains(errOut, "nothing answers") {
		t.Errorf("before: got status %d, %s%s", status, out, errOut)
	}
	ready := make(chan struct{})
	ctx, stop := context.WithCancel(supervise.NotifyReady(t.Context(), func() { close(ready) }))
	defer stop()
	ended := make(chan int, 1)
	var errOut strings.Builder
	go func() { ended <- a.Run(ctx, []string{"server"}, io.Discard, &errOut) }()
	select {
	case <-ready:
	case status := <-ended:
		t.Fatalf("ended with %d: %s", status, errOut.String())
	}
	if status, out, errOut := call(t, a, "health"); status != 0 || out != "ready\n" {
		t.Errorf("got status %d, %s%s", status, out, errOut)
	}
	for _, args := range [][]string{{"routes"}, {"paths"}, {"config"}} { // the address is taken, and they do not mind
		if status, _, errOut := call(t, a, args...); status != 0 {
			t.Errorf("%v: got status %d, %s", args, status, errOut)
		}
	}
	stop()
	if status := <-ended; status != 0 || errOut.String() != "" {
		t.Errorf("ended with status %d, %s", status, errOut.String())
	}
}

func TestHealthOfOthers(t *testing.T) {
	for name, tc := range map[string]struct {
		answer  int
		environ string
		want    string
	}{
		"draining":   {503, "", `not ready: 503 Service Unavailable {"status":"draining"}`},
		"another":    {404, "", "not ready: 404"},
		"turned off": {200, "SHOP_HEALTH=-", "no health checks"},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(tc.answer)
			fmt.Fprint(w, `{"status":"draining"}`)
		}))
		status, _, errOut := call(t, shop("SHOP_ADDR="+srv.Listener.Addr().String(), tc.environ), "health")
		srv.Close()
		if status != 1 || !strings.Contains(errOut, tc.want) {
			t.Errorf("%s: got status %d, %s", name, status, errOut)
		}
	}
}

func TestOwnCommands(t *testing.T) {
	a := shop("SHOP_ADDR=here")
	a.Commands = []app.Command[settings]{{Name: "migrate", Help: "bring the tables up to date", Run: func(_ context.Context, cfg settings, args []string, out io.Writer) error {
		if len(args) > 0 {
			return errors.New("stuck at " + args[0])
		}
		fmt.Fprint(out, "migrated "+cfg.Addr)
		return nil
	}}}
	if status, out, _ := call(t, a, "migrate"); status != 0 || out != "migrated here" {
		t.Errorf("got status %d, %s", status, out)
	}
	if status, _, errOut := call(t, a, "migrate", "7"); status != 1 || errOut != "shop migrate: stuck at 7\n" {
		t.Errorf("got status %d, %s", status, errOut)
	}
	if _, out, _ := call(t, a, "help"); !strings.Contains(out, "  migrate  bring the tables") {
		t.Errorf("got %s", out)
	}
	a.Commands[0].Name = "routes"
	if diff := cmp.Diff(`app: there are two commands "routes"; give the application's another name`, mustPanic(func() { call(t, a, "help") })); diff != "" {
		t.Error(diff)
	}
}

func TestApplicationsThatAreNotWhole(t *testing.T) {
	if got := mustPanic(func() { call(t, app.App[settings]{}, "help") }); !strings.Contains(got, "App.Build is missing") {
		t.Errorf("got %s", got)
	}
	bare := app.App[struct{}]{Name: "bare", Build: func(struct{}) (app.Parts, error) { return app.Parts{}, nil }}
	if status, _, errOut := call(t, bare, "server"); status != 1 || !strings.Contains(errOut, "no Service") {
		t.Errorf("got status %d, %s", status, errOut)
	}
	failing := app.App[struct{}]{Name: "failing", Build: func(struct{}) (app.Parts, error) { return app.Parts{}, errors.New("no database") }}
	for _, command := range []string{"server", "health", "routes", "paths"} {
		if status, _, errOut := call(t, failing, command); status != 1 || errOut != "failing "+command+": no database\n" {
			t.Errorf("%s: got status %d, %s", command, status, errOut)
		}
	}
	silent := app.App[struct{}]{Name: "silent", Build: func(struct{}) (app.Parts, error) {
		return app.Parts{Service: supervise.New(supervise.Config{Name: "silent"})}, nil
	}}
	if status, _, errOut := call(t, silent, "routes"); status != 1 || !strings.Contains(errOut, "no endpoint") {
		t.Errorf("got status %d, %s", status, errOut)
	}
}

func mustPanic(f func()) (message string) {
	defer func() { message = fmt.Sprint(recover()) }()
	f()
	return ""
}
