package main

import (
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"syscall"
	"time"

	"github.com/bennu-go/bennu/bench/internal/loopback"
)

// perRelay is how many clients one relay is meant for, at two descriptors each:
// the system spreads them by hash, and so not quite evenly.
const perRelay = 4_000

// startRelays starts as many relays to a server as conns need, beside the
// generator, and returns the one address of them all.
func (r runner) startRelays(ctx context.Context, to netip.AddrPort, conns int) (at netip.AddrPort, stop func(), err error) {
	if at, err = loopback.Free(); err != nil {
		return at, nil, err
	}
	count := (conns + perRelay - 1) / perRelay
	var started []*exec.Cmd
	stop = func() {
		for _, cmd := range started {
			_ = cmd.Process.Kill() // it holds nothing that is worth a goodbye
			_ = cmd.Wait()
		}
	}
	for range count {
		cmd := exec.Command("taskset", "-c", r.driverCPU, r.relay, "-addr", at.String(), "-to", to.String())
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			stop()
			return at, nil, err
		}
		started = append(started, cmd)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for len(listening(at.Port())) < count {
		select {
		case <-look.C:
		case <-ctx.Done():
			stop()
			return at, nil, fmt.Errorf("%d of %d do not listen: %w", count-len(listening(at.Port())), count, context.Cause(ctx))
		}
	}
	return at, stop, nil
}
