package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// errStart marks a server that does not start.
var errStart = errors.New("server")

// runner measures one run after the other.
type runner struct {
	generator            string // the program
	relay                string // the program, if a server speaks TLS
	serverCPU, driverCPU string
}

// run starts the server, drives it through the scenario and stops it. An error
// means that there is nothing to show; trouble of the run itself is in the
// sample.
func (r runner) run(ctx context.Context, sc scenario, s spec) (sample, error) {
	server, err := startServer(ctx, s, r.serverCPU)
	if err != nil {
		return sample{}, fmt.Errorf("%w %s: %w", errStart, s.name, err)
	}
	defer server.stop()

	settles := sc.settles && s.admin.IsValid()
	var before int64
	if settles {
		if before, err = server.settled(ctx); err != nil {
			return sample{}, err
		}
	}
	target := s.addr
	if s.tls {
		var stop func()
		if target, stop, err = r.startRelays(ctx, s.addr, sc.conns); err != nil {
			return sample{}, fmt.Errorf("relays for %s: %w", s.name, err)
		}
		defer stop()
	}
	open, err := descriptors(server.pid)
	if err != nil {
		return sample{}, fmt.Errorf("server %s: %w", s.name, err)
	}

	ctx, cancel := context.WithTimeout(ctx, sc.limit)
	defer cancel()
	args := append([]string{"-c", r.driverCPU, r.generator,
		"-url", "ws://" + target.String() + "/socket/websocket", "-pid", strconv.Itoa(server.pid)}, sc.args...)
	cmd := exec.CommandContext(ctx, "taskset", args...)
	var out bytes.Buffer
	var said tail
	cmd.Stdout, cmd.Stderr = &out, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return sample{}, fmt.Errorf("starting the generator: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		err = cmd.Wait()
		close(ended)
	}()
	var after int64
	var settleErr error
	// A few descriptors that were counted before may have gone since, that of the
	// first settling among them.
	if settles && waitForDescriptors(server.pid, open+sc.conns-sc.conns/100-2, ended) {
		after, settleErr = server.settled(ctx)
		select {
		case <-ended: // then the connections were gone, or going
			after = 0
		default:
		}
	}
	<-ended
	if err != nil {
		return sample{}, fmt.Errorf("generator, %s against %s: %w\n%s", sc.name, s.name, err, said.String())
	}
	result, err := readResult(out.Bytes(), sc.conns)
	if err != nil {
		return sample{}, fmt.Errorf("generator, %s against %s: %w", sc.name, s.name, err)
	}
	if settleErr != nil {
		return sample{}, settleErr
	}
	if s.tls {
		result = result.withoutRelay()
	}
	if after > 0 {
		result.Values["settled_B_per_conn"] = float64(after-before) / float64(sc.conns)
	}
	result.Scenario, result.Server = sc.name, s.name
	return result, nil
}

// waitForDescriptors waits until that many are open and then a moment more, for
// the last joins and for the generator to read the memory as found. It
// reports false if the run ended first.
func waitForDescriptors(pid, open int, ended <-chan struct{}) bool {
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-ended:
			return false
		case <-look.C:
		}
		if now, err := descriptors(pid); err == nil && now >= open {
			break
		}
	}
	select {
	case <-ended:
		return false
	case <-time.After(time.Second):
		return true
	}
}
