package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, log io.Writer) error {
	o, err := parseOptions(args, log)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	if o.inside {
		return measure(ctx, o, out, log)
	}
	if o.server == "" {
		dir, err := os.MkdirTemp("", "bennu-scale-")
		if err != nil {
			return fmt.Errorf("scale: %w", err)
		}
		defer os.RemoveAll(dir)
		o.server = filepath.Join(dir, "server")
		build := exec.CommandContext(ctx, "go", "build", "-tags", "benchscale", "-o", o.server, "github.com/bennu-go/bennu/bench/server")
		build.Stdout, build.Stderr = log, log
		if err := build.Run(); err != nil {
			return fmt.Errorf("scale: building the server, in the folder bench: %w", err)
		}
	}
	return again(ctx, append(args, "-inside", "-server", o.server), out, log)
}

// again runs this program once more, in a network namespace of its own, which ends with it.
func again(ctx context.Context, args []string, out, log io.Writer) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("scale: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Stdout, cmd.Stderr = out, log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.SysProcAttr = secluded()
	runtime.LockOSThread() // the kernel takes the end of the thread that started it for the parent's
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("scale: making a network namespace needs root, or a system that lets users make namespaces: %w", err)
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("scale: in the namespace: %w", err)
	}
	return nil
}

// secluded starts a process in a network namespace of its own; who is not root becomes root of a user namespace of its own.
func secluded() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	return attr
}
