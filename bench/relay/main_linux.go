package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/bennu-go/bennu/bench/internal/loopback"
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
	flags := flag.NewFlagSet("relay", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:4103", "loopback address to serve clients on")
	to := flags.String("to", "", "loopback address of the server that speaks TLS")
	if err := flags.Parse(args); err != nil {
		return err
	}
	from, err := loopback.AddrPort(*addr)
	if err != nil {
		return fmt.Errorf("relay: -addr: %w", err)
	}
	target, err := loopback.AddrPort(*to)
	if err != nil {
		return fmt.Errorf("relay: -to: %w", err)
	}
	ln, err := listen(ctx, from.String())
	if err != nil {
		return fmt.Errorf("relay: %w", err)
	}
	return serve(ctx, ln, target.String())
}

// listen shares the address with other relays: the system spreads the clients
// over them.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	config := net.ListenConfig{KeepAlive: -1, Control: func(_, _ string, rc syscall.RawConn) error {
		const reusePort = 15 // SO_REUSEPORT, which package syscall does not name everywhere
		var err error
		if ctlErr := rc.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, reusePort, 1) }); ctlErr != nil {
			return ctlErr
		}
		return err
	}}
	return config.Listen(ctx, "tcp", addr)
}

// serve relays until ctx ends, and then ends every connection.
func serve(ctx context.Context, ln net.Listener, target string) error {
	ctx, cancel := context.WithCancel(ctx)
	var clients sync.WaitGroup
	defer clients.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer stop()
	for {
		nc, err := ln.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("relay: %w", err)
		}
		clients.Go(func() { relay(ctx, nc, target) })
	}
}

// relay carries the bytes of one client until either end is done.
func relay(ctx context.Context, client net.Conn, target string) {
	defer client.Close()
	dialer := tls.Dialer{
		NetDialer: &net.Dialer{KeepAlive: -1},
		// The server made its certificate a moment ago; what is measured is its
		// work, not whom it can convince.
		Config: &tls.Config{InsecureSkipVerify: true},
	}
	server, err := dialer.DialContext(ctx, "tcp", target)
	if err != nil {
		return // the client learns of it by the end
	}
	defer server.Close()
	stop := context.AfterFunc(ctx, func() {
		_ = client.Close()
		_ = server.Close()
	})
	defer stop()
	back := make(chan struct{})
	go func() {
		defer close(back)
		carry(client, server)
	}()
	carry(server, client)
	<-back
}

// carry copies one direction, in a buffer that fits what is measured here and
// lets ten thousand of them fit in memory.
func carry(dst, src net.Conn) {
	var b [2 << 10]byte
	_, _ = io.CopyBuffer(struct{ io.Writer }{dst}, struct{ io.Reader }{src}, b[:])
	_ = dst.Close()
	_ = src.Close()
}
