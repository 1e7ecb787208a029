package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/bennu-go/bennu/bench/internal/child"
	"github.com/bennu-go/bennu/bench/internal/loopback"
	"github.com/bennu-go/bennu/bench/internal/wsconn"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "storm:", err)
		os.Exit(1)
	}
}

const (
	modes   = "kill, drain, crash, blocked or ignore, or a fault: stalled, half-open, loris, resets, drip or files"
	holding = "hold" // what half-open starts, to stop it
)

// options are the command line.
type options struct {
	mode      string
	n         int           // clients; blocked: channels
	each      int           // blocked: channels of a client
	topics    int           // crash: distinct topics
	length    time.Duration // crash: of the storm; blocked: of a callback; ignore: likewise
	down      time.Duration // kill and drain: between the end of one server and the start of the next
	stop      time.Duration // how long the server waits for callbacks when it ends
	rate      int           // clients that come in a second at first
	addr      netip.AddrPort
	admin     string        // of the servers; empty: none
	server    string        // program; empty: built
	engine    string        // of the servers, in faults
	idle      time.Duration // half-open: without a byte, until the server closes
	timeout   time.Duration
	args      []string // more of the servers'
	openFiles int      // the servers' limit of open files; 0: ours
}

func parseOptions(args []string, usage io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("storm", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.StringVar(&o.mode, "mode", "", modes)
	flags.IntVar(&o.n, "n", 0, "clients, or of blocked: channels (default 10,000; files 2,000, crash 1,000; ignore 100)")
	flags.IntVar(&o.each, "each", 5, "blocked: channels of one client")
	flags.IntVar(&o.topics, "topics", 0, "crash: distinct topics that the clients join (default: one each)")
	flags.DurationVar(&o.length, "for", 0, "length of a crash storm (default 20s), of a blocked callback (5s), of one that ignores the end (60s)")
	flags.DurationVar(&o.down, "down", 0, "kill and drain: time without a server")
	flags.DurationVar(&o.stop, "stop", 4*time.Second, "how long the server waits for callbacks when it ends")
	flags.IntVar(&o.rate, "rate", 4_000, "clients that come in a second, before the storm")
	addr := flags.String("addr", "127.0.0.1:4120", "loopback address of the servers")
	flags.StringVar(&o.admin, "admin", "", "loopback address of the servers' admin listener, with profiles (default: none; for faults -addr and the next port)")
	flags.StringVar(&o.engine, "engine", "auto", "of the servers in faults: auto or portable")
	flags.DurationVar(&o.idle, "idle", 5*time.Second, "half-open: after how long without a byte the server closes a connection")
	flags.StringVar(&o.server, "server", "", "`program` built from bench/server (default: it is built)")
	flags.DurationVar(&o.timeout, "timeout", 0, "limit of the whole (default 2m0s, of a fault 10m0s)")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var err error
	if o.addr, err = loopback.AddrPort(*addr); err != nil {
		return o, fmt.Errorf("-addr: %w", err)
	}
	sizes := map[string]struct {
		n      int
		length time.Duration
	}{"kill": {n: 10_000}, "drain": {n: 10_000}, "crash": {1_000, 20 * time.Second}, "blocked": {10_000, 5 * time.Second}, "ignore": {100, time.Minute}, holding: {n: 1}}
	size, ok := sizes[o.mode]
	if f, is := faults()[o.mode]; is {
		size.n, ok = f.n, true
	}
	switch {
	case !ok:
		return o, fmt.Errorf("-mode %q: say %s", o.mode, modes)
	case !o.addr.Addr().Is4():
		return o, fmt.Errorf("-addr %v: only 127.0.0.0/8", o.addr)
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected %q", flags.Arg(0))
	case o.each < 1 || o.rate < 1 || o.n < 0 || o.topics < 0 || o.idle < time.Second:
		return o, errors.New("-each and -rate are at least 1, -n and -topics at least 0, -idle at least 1s")
	}
	if o.n == 0 {
		o.n = size.n
	}
	if o.timeout == 0 {
		o.timeout = 2 * time.Minute
		if _, ok := faults()[o.mode]; ok {
			o.timeout = 10 * time.Minute
		}
	}
	if o.length == 0 {
		o.length = size.length
	}
	if o.topics == 0 {
		o.topics = o.n
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parseOptions(args, stderr)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, fmt.Errorf("the limit of %v (-timeout) was reached", o.timeout))
	defer cancel()
	if o.mode == holding {
		return o.hold(ctx)
	}
	if o.server == "" {
		dir, err := os.MkdirTemp("", "storm-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.server = filepath.Join(dir, "server")
		if err := child.Build(ctx, o.server); err != nil {
			return err
		}
	}
	if f, ok := faults()[o.mode]; ok {
		if err := o.fault(ctx, f, stdout); err != nil {
			return fmt.Errorf("%s: %w", o.mode, err)
		}
		return nil
	}
	others, err := watchOthers()
	if err != nil {
		return err
	}
	r, err := o.storm(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", o.mode, err)
	}
	if r.machine().Others, err = others(); err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(r)
}

// report is what a scenario measured.
type report interface{ machine() *conditions }

// conditions are the part that all reports have.
type conditions struct {
	Others float64 `json:"other_work_percent"` // of one CPU: what neither the clients nor the servers used
}

func (c *conditions) machine() *conditions { return c }

// storm runs the scenario.
func (o options) storm(ctx context.Context) (report, error) {
	switch o.mode {
	case "crash":
		r, err := o.crash(ctx)
		return &r, err
	case "blocked":
		r, err := o.blocked(ctx)
		return &r, err
	case "ignore":
		r, err := o.ignore(ctx)
		return &r, err
	}
	r, err := o.restart(ctx)
	return &r, err
}

// launch starts a server, without waiting for it.
func (o options) launch() (*child.Process, error) {
	args := []string{"-addr", o.addr.String(), "-stop", o.stop.String()}
	if o.admin != "" {
		args = append(args, "-admin", o.admin, "-pprof")
	}
	args = append(args, o.args...)
	if o.openFiles > 0 { // soft and hard, so that the server cannot raise it
		return child.Start("/bin/sh", append([]string{"-c", `ulimit -n "$0" && exec "$@"`, strconv.Itoa(o.openFiles), o.server}, args...)...)
	}
	return child.Start(o.server, args...)
}

// serve starts a server and waits until it answers.
func (o options) serve(ctx context.Context) (*child.Process, error) {
	if nc, err := wsconn.DialTCP(o.addr)(ctx); err == nil {
		nc.Close()
		return nil, fmt.Errorf("something serves on %v already, and that would be measured instead", o.addr)
	}
	p, err := o.launch()
	if err != nil {
		return nil, err
	}
	up, ctx, stop := make(chan struct{}), ctx, func() {}
	ctx, stop = context.WithTimeout(ctx, 10*time.Second)
	polled := make(chan struct{})
	go func() {
		defer close(polled)
		pollHealth(ctx, o.addr, up)
	}()
	defer func() {
		stop()
		<-polled
	}()
	select {
	case <-up:
		return p, nil
	case <-p.Exited:
		return nil, fmt.Errorf("the server ended at once (%v) and said:\n%s", p.Err, p.Log.Tail())
	case <-ctx.Done():
		p.Kill()
		return nil, fmt.Errorf("the server does not answer on %v: %w", o.addr, context.Cause(ctx))
	}
}
