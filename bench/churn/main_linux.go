package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
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
		fmt.Fprintln(os.Stderr, "churn:", err)
		os.Exit(1)
	}
}

// options are the command line.
type options struct {
	manners
	length  time.Duration
	warm    time.Duration
	stay    time.Duration // of the rehearsal
	sample  time.Duration
	engine  string
	addr    netip.AddrPort
	admin   netip.AddrPort
	program string // empty: built
}

func parseOptions(args []string, usage io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("churn", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.IntVar(&o.n, "n", 10_000, "clients")
	flags.DurationVar(&o.length, "for", time.Hour, "how long the churn lasts")
	flags.DurationVar(&o.warm, "warm", 0, "of it before the samples that slopes are of (default: a tenth, 5m at most)")
	flags.DurationVar(&o.stay, "rehearsal", time.Minute, "how long the first crowd churns before it goes and the base is taken")
	flags.DurationVar(&o.sample, "sample", 30*time.Second, "between two samples")
	flags.DurationVar(&o.life, "life", 30*time.Second, "of a session, on average")
	flags.DurationVar(&o.every, "every", 5*time.Second, "between two actions of a session, on average")
	flags.DurationVar(&o.gap, "gap", time.Second, "between two sessions of a client, on average")
	flags.DurationVar(&o.timeout, "timeout", time.Minute, "of the server for a silent WebSocket; clients send heartbeats after half of it")
	flags.IntVar(&o.longpoll, "longpoll", 3, "clients of a hundred that use long-polling")
	flags.Float64Var(&o.silent, "silent", 0.01, "share of WebSocket sessions that end in silence")
	flags.IntVar(&o.rate, "rate", 500, "clients that come in a second, at first")
	flags.StringVar(&o.engine, "engine", "auto", "of the server: auto or portable")
	addr := flags.String("addr", "127.0.0.1:4130", "loopback address of the server")
	admin := flags.String("admin", "127.0.0.1:4131", "loopback address of its admin listener")
	flags.StringVar(&o.program, "server", "", "`program` built from bench/server (default: it is built)")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.addr, err = loopback.AddrPort(*addr); err != nil {
		return o, fmt.Errorf("-addr: %w", err)
	}
	if o.admin, err = loopback.AddrPort(*admin); err != nil {
		return o, fmt.Errorf("-admin: %w", err)
	}
	switch {
	case !o.addr.Addr().Is4():
		return o, fmt.Errorf("-addr %v: only 127.0.0.0/8", o.addr)
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected %q", flags.Arg(0))
	case o.n < 1 || o.rate < 1 || o.longpoll < 0 || o.longpoll > 100 || o.silent < 0 || o.silent > 0.25:
		return o, errors.New("-n and -rate are at least 1, -longpoll is of 100, -silent at most 0.25")
	case min(o.length, o.stay, o.sample, o.life, o.every, o.gap, o.timeout) <= 0:
		return o, errors.New("times are above zero")
	}
	if o.warm == 0 {
		o.warm = min(o.length/10, 5*time.Minute)
	}
	return o, nil
}

// sources are how many addresses the clients have.
const sources = 16

// dialer connects from an address of the clients' own.
func dialer(server netip.AddrPort) func(i int) wsconn.Dialer {
	var dialers [sources]wsconn.Dialer
	for k := range dialers {
		d := net.Dialer{KeepAlive: -1, Timeout: answerWithin, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 77, 0, byte(k+1))}, Control: latePort}
		dialers[k] = func(ctx context.Context) (net.Conn, error) { return d.DialContext(ctx, "tcp4", server.String()) }
	}
	return func(i int) wsconn.Dialer { return dialers[i%sources] }
}

// latePort has the port chosen when the destination is known, and lets others listen on it.
func latePort(_, _ string, c syscall.RawConn) (err error) {
	const bindAddressNoPort = 24 // IP_BIND_ADDRESS_NO_PORT of ip(7)
	if cerr := c.Control(func(fd uintptr) {
		if err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err == nil {
			err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, bindAddressNoPort, 1)
		}
	}); cerr != nil {
		return cerr
	}
	return err
}

// crowd makes the clients.
func (o options) crowd() *crowd {
	dial := dialer(o.addr)
	transport := &http.Transport{MaxIdleConnsPerHost: o.n, IdleConnTimeout: answerWithin, DisableCompression: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(0)(ctx) }}
	return newCrowd(o.manners, dial, newPoller(o.addr.String(), transport))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parseOptions(args, stderr)
	if err != nil {
		return err
	}
	if o.program == "" {
		dir, err := os.MkdirTemp("", "churn-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.program = filepath.Join(dir, "server")
		if err := child.Build(ctx, o.program); err != nil {
			return err
		}
	}
	for _, addr := range []netip.AddrPort{o.addr, o.admin} {
		if nc, err := net.Dial("tcp", addr.String()); err == nil {
			nc.Close()
			return fmt.Errorf("something serves on %v already, and that would be measured instead", addr)
		}
	}
	server, err := child.Start(o.program, "-addr", o.addr.String(), "-admin", o.admin.String(), "-churn", "-engine", o.engine, "-timeout", o.timeout.String())
	if err != nil {
		return err
	}
	defer server.Kill()
	r, err := o.churn(ctx, server, stdout)
	if err != nil {
		return fmt.Errorf("%w; the server says:\n%s", err, server.Log.Tail())
	}
	r.print(stdout)
	if n := len(r.troubles); n > 0 {
		return fmt.Errorf("%d things are not as they must be: see above; the server says:\n%s", n, server.Log.Tail())
	}
	return nil
}
