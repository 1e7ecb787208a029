package main

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

// child is a server that was started here.
type child struct {
	cmd    *exec.Cmd
	log    lineCount     // of standard error
	exited chan struct{} // closed when it has been waited for
	err    error         // how it ended; set before exited is closed
}

func startChild(program string, args ...string) (*child, error) {
	p := &child{cmd: exec.Command(program, args...), exited: make(chan struct{})}
	p.cmd.Stderr = &p.log
	// It ends with us at the latest, but not by a Ctrl-C that was meant for us.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p.cmd.WaitDelay = time.Second
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// signal is for a child that runs: its number cannot be another's before exited is closed.
func (p *child) signal(sig os.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("signalling the server: %w", err)
	}
	return nil
}

// ended waits for the end.
func (p *child) ended(ctx context.Context) error {
	select {
	case <-p.exited:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the server to exit: %w", context.Cause(ctx))
	}
}

// kill ends the child if it still runs. It may be called again.
func (p *child) kill() {
	if p == nil {
		return
	}
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return
	}
	<-p.exited
}

// cpu is what it has used, user and system.
func (p *child) cpu() (time.Duration, error) {
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

// peak is the largest resident set that it has had, in MB.
func (p *child) peak() (float64, error) {
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

// lineCount counts what a server logs, and keeps the beginning.
type lineCount struct {
	mu    sync.Mutex // guards the fields below
	lines int
	size  int
	kept  []byte
}

const keptLog = 1 << 20

func (l *lineCount) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines += bytes.Count(b, []byte{'\n'})
	l.size += len(b)
	if room := keptLog - len(l.kept); room > 0 {
		l.kept = append(l.kept, b[:min(len(b), room)]...)
	}
	return len(b), nil
}

func (l *lineCount) counts() (lines, size int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines, l.size
}

// has reports whether a line holds all of these words.
func (l *lineCount) has(words ...string) bool {
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

// tail is the last of what was kept, for an error's text.
func (l *lineCount) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.kept[max(len(l.kept)-2000, 0):])
}
