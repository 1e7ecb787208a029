package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Build builds the server of this module.
func Build(ctx context.Context, program string) error {
	const pkg = "github.com/bennu-go/bennu/bench/server"
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, pkg).CombinedOutput(); err != nil {
		return fmt.Errorf("building the server (run this in the bench module): %w\n%s", err, out)
	}
	return nil
}

// Process is a server that was started here.
type Process struct {
	cmd    *exec.Cmd
	Log    Log           // of standard error
	Exited chan struct{} // closed when it has been waited for
	Err    error         // how it ended; set before Exited is closed
}

// Start starts a program. Its standard error is counted, and its beginning kept.
func Start(program string, args ...string) (*Process, error) {
	p := &Process{cmd: exec.Command(program, args...), Exited: make(chan struct{})}
	p.cmd.Stderr = &p.Log
	// It ends with us at the latest, but not by a Ctrl-C that was meant for us.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p.cmd.WaitDelay = time.Second
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	go func() {
		p.Err = p.cmd.Wait()
		close(p.Exited)
	}()
	return p, nil
}

// Signal is for a child that runs: its number cannot be another's before Exited is closed.
func (p *Process) Signal(sig os.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("signalling the server: %w", err)
	}
	return nil
}

// Ended waits for the end.
func (p *Process) Ended(ctx context.Context) error {
	select {
	case <-p.Exited:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the server to exit: %w", context.Cause(ctx))
	}
}

// Kill ends the child if it still runs. It may be called again.
func (p *Process) Kill() {
	if p == nil {
		return
	}
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return
	}
	<-p.Exited
}

// PID is the child's number while it runs.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// CPU is what it has used, user and system.
func (p *Process) CPU() (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	return cpuOf(string(b))
}

// cpuOf reads the text of /proc/PID/stat. The name in parentheses may hold anything, parentheses and spaces included.
func cpuOf(stat string) (time.Duration, error) {
	const user, system = 11, 12 // after the name, from 0
	f := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(f) <= system {
		return 0, errors.New("/proc/PID/stat is not as expected")
	}
	var ticks int64
	for _, i := range []int{user, system} {
		n, err := strconv.ParseInt(f[i], 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * (time.Second / 100), nil // Linux counts in hundredths for every program
}

// Peak is the largest resident set that it has had, in MB.
func (p *Process) Peak() (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			return float64(kb/102) / 10, err
		}
	}
	return 0, errors.New("/proc/PID/status has no VmHWM")
}

// Status is what a process holds at one moment.
type Status struct {
	Resident    int64 // bytes
	Threads     int
	Descriptors int
}

// Status reads it.
func (p *Process) Status() (s Status, err error) {
	dir := fmt.Sprintf("/proc/%d/", p.cmd.Process.Pid)
	b, err := os.ReadFile(dir + "status")
	if err != nil {
		return s, err
	}
	if s, err = statusOf(string(b)); err != nil {
		return s, err
	}
	fds, err := os.ReadDir(dir + "fd")
	s.Descriptors = len(fds)
	return s, err
}

// statusOf reads the text of /proc/PID/status.
func statusOf(text string) (s Status, err error) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		switch f[0] {
		case "VmRSS:":
			s.Resident, err = strconv.ParseInt(f[1], 10, 64)
			s.Resident <<= 10
		case "Threads:":
			s.Threads, err = strconv.Atoi(f[1])
		}
		if err != nil {
			return s, err
		}
	}
	if s.Resident == 0 || s.Threads == 0 {
		return s, errors.New("/proc/PID/status has no VmRSS or no Threads")
	}
	return s, nil
}

// Log counts what a server logs, and keeps the beginning.
type Log struct {
	mu    sync.Mutex // guards the fields below
	lines int
	size  int
	kept  []byte
}

const keptLog = 1 << 20

func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines += bytes.Count(b, []byte{'\n'})
	l.size += len(b)
	if room := keptLog - len(l.kept); room > 0 {
		l.kept = append(l.kept, b[:min(len(b), room)]...)
	}
	return len(b), nil
}

// Counts are the lines and bytes so far.
func (l *Log) Counts() (lines, size int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines, l.size
}

// Has reports whether a line holds all of these words.
func (l *Log) Has(words ...string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(string(l.kept)) {
		all := true
		for _, w := range words {
			all = all && strings.Contains(line, w)
		}
		if all {
			return true
		}
	}
	return false
}

// Tail is the last of what was kept, for an error's text.
func (l *Log) Tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.kept[max(len(l.kept)-2000, 0):])
}
