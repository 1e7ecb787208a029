package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/bennu-go/bennu/bench/settle"
)

const (
	startLimit  = 2 * time.Minute // a command may compile first
	stopLimit   = 2 * time.Second // then it is killed
	settleLimit = 30 * time.Second
)

// process is a server that was started here, with everything it started: one
// process group.
type process struct {
	spec   spec
	cmd    *exec.Cmd
	pid    int // of the process that listens
	output tail
	exited chan struct{} // closed once the group's leader has been waited for
	err    error         // of the leader; set before exited is closed
}

// startServer starts a server pinned to a CPU and waits until it listens.
func startServer(ctx context.Context, s spec, cpu string) (*process, error) {
	if len(listening(s.addr.Port())) > 0 {
		return nil, fmt.Errorf("something listens on port %d already, and that would be measured instead", s.addr.Port())
	}
	p := &process{spec: s, exited: make(chan struct{})}
	p.cmd = exec.Command("taskset", append([]string{"-c", cpu}, s.argv...)...)
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	// A grandchild may outlive the leader with the pipe in its hands.
	p.cmd.WaitDelay = time.Second
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()

	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		if p.pid = listenerIn(p.cmd.Process.Pid, s.addr.Port()); p.pid != 0 {
			return p, nil
		}
		select {
		case <-look.C:
		case <-p.exited:
			p.stop()
			return nil, fmt.Errorf("it ended before it listened on %v (%v; a server stays in the foreground) and said:\n%s", s.addr, p.err, p.output.String())
		case <-ctx.Done():
			p.stop()
			return nil, fmt.Errorf("it does not listen on %v (%w) and says:\n%s", s.addr, context.Cause(ctx), p.output.String())
		}
	}
}

// stop ends the group, by request and then by force, and waits for it.
func (p *process) stop() {
	group := p.cmd.Process.Pid
	end := func(sig syscall.Signal) {
		select {
		case <-p.exited:
			// The leader's number may be somebody else's by now, unless the
			// group lives on in the one who listens.
			if p.pid == 0 || groupOf(p.pid) != group {
				return
			}
		default:
		}
		_ = syscall.Kill(-group, sig) // gone already is as good
	}
	end(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(stopLimit):
	}
	end(syscall.SIGKILL)
	<-p.exited
}

// settled makes the server collect garbage and give memory back, and returns
// what stays resident, in bytes.
func (p *process) settled(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		err := p.askToSettle(ctx)
		if err == nil {
			return resident(p.pid)
		}
		// The admin address may come up a moment after the other.
		select {
		case <-again.C:
		case <-p.exited:
			return 0, fmt.Errorf("server %s ended: %v", p.spec.name, p.err)
		case <-ctx.Done():
			return 0, fmt.Errorf("server %s: settling: %w", p.spec.name, err)
		}
	}
}

func (p *process) askToSettle(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.spec.admin.String()+settle.Path, nil)
	if err != nil {
		return err
	}
	req.Close = true // no connection of ours is in the count of the others
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", settle.Path, resp.Status)
	}
	return nil
}

// tail keeps the last lines that a process printed.
type tail struct {
	mu   sync.Mutex // guards the field below
	kept []byte
}

const tailSize = 4 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, b...)
	if over := len(t.kept) - tailSize; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.kept))
}
