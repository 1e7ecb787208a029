package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"syscall"

	"github.com/bennu-go/bennu/bench/internal/loopback"
	"github.com/bennu-go/bennu/bench/settle"
)

// server is one kind of floor. Listening comes first, so that the address is
// known before anything runs.
type server interface {
	Addr() netip.AddrPort
	Run(ctx context.Context) error
}

func listen(kind string, addr netip.AddrPort) (server, error) {
	switch kind {
	case "epoll", "writeloop":
		return listenEpoll(addr)
	case "hijack":
		return listenHijack(addr)
	}
	return nil, fmt.Errorf("floor: unknown -kind %q: it is epoll (also called writeloop) or hijack", kind)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("floor", flag.ContinueOnError)
	kind := flags.String("kind", "epoll", "epoll (also called writeloop) or hijack")
	addr := flags.String("addr", "127.0.0.1:4101", "loopback address to serve clients on")
	admin := flags.String("admin", "", "loopback address for GET "+settle.Path+" (empty: none)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ap, err := loopback.AddrPort(*addr)
	if err != nil {
		return fmt.Errorf("floor: -addr: %w", err)
	}
	srv, err := listen(*kind, ap)
	if err != nil {
		return err
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	adminDone := make(chan struct{})
	go func() {
		defer close(adminDone)
		if *admin == "" {
			return
		}
		if err := settle.Serve(ctx, *admin, func(a net.Addr) { fmt.Printf("admin on %v\n", a) }); err != nil {
			cancel(fmt.Errorf("floor: -admin: %w", err))
		}
	}()
	fmt.Printf("%s floor on %v\n", *kind, srv.Addr())
	err = srv.Run(ctx)
	cancel(nil)
	<-adminDone
	if cause := context.Cause(ctx); err == nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	return err
}
