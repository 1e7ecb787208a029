package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/bennu-go/bennu/bench/internal/loopback"
	"github.com/bennu-go/bennu/bench/internal/phx"
	"github.com/bennu-go/bennu/bench/settle"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("libs", flag.ContinueOnError)
	name := flags.String("lib", "gorilla", "gorilla, coder, gws or nbio")
	addr := flags.String("addr", "127.0.0.1:4101", "loopback address to serve clients on")
	admin := flags.String("admin", "", "loopback address for GET "+settle.Path+" (empty: none)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	serve, err := library(*name)
	if err != nil {
		return err
	}
	ap, err := loopback.AddrPort(*addr)
	if err != nil {
		return fmt.Errorf("libs: -addr: %w", err)
	}
	ln, err := listen(ctx, ap.String())
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
		if err := settle.Serve(ctx, *admin, nil); err != nil {
			cancel(fmt.Errorf("libs: -admin: %w", err))
		}
	}()
	err = serve(ctx, ln)
	cancel(nil)
	<-adminDone
	if cause := context.Cause(ctx); err == nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	return err
}

// library returns what serves on a listener until ctx ends, which is its regular
// end. Connections that are open then end with the process.
func library(name string) (func(context.Context, net.Listener) error, error) {
	switch name {
	case "gorilla":
		return runGorilla, nil
	case "coder":
		return runCoder, nil
	case "gws":
		return runGWS, nil
	case "nbio":
		return runNBIO, nil
	}
	return nil, fmt.Errorf("libs: unknown -lib %q: it is gorilla, coder, gws or nbio", name)
}

func listen(ctx context.Context, addr string) (net.Listener, error) {
	// The heartbeat of the protocol does what TCP's keep-alive would do.
	config := net.ListenConfig{KeepAlive: -1}
	config.SetMultipathTCP(false)
	ln, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("libs: %w", err)
	}
	return ln, nil
}

// serveHTTP is net/http in front of a library.
func serveHTTP(ctx context.Context, ln net.Listener, upgrade http.HandlerFunc) error {
	// A client that goes away in the middle of its request is no news.
	srv := &http.Server{Handler: onlySocket(upgrade), ErrorLog: log.New(io.Discard, "", 0)}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(ln); ctx.Err() == nil {
		return fmt.Errorf("libs: %w", err)
	}
	return nil
}

// onlySocket lets those through who want what is served here.
func onlySocket(upgrade http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path != phx.SocketPath:
			http.NotFound(w, r)
		case !phx.SpeaksV2([]byte(r.URL.RawQuery)):
			http.Error(w, "only vsn=2.0.0 is spoken here", http.StatusForbidden)
		default:
			upgrade(w, r)
		}
	})
}
