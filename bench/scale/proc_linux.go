package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// memory is a look at the machine and at one process, in bytes.
type memory struct {
	resident int64 // of the process
	free     int64 // of the machine
	slab     int64 // the kernel's objects, everybody's
}

func lookAt(pid int) (m memory, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return m, err
	}
	info, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return m, err
	}
	for _, want := range []struct {
		text, field string
		to          *int64
	}{{string(status), "VmRSS", &m.resident}, {string(info), "MemFree", &m.free}, {string(info), "Slab", &m.slab}} {
		if *want.to, err = kilobytes(want.text, want.field); err != nil {
			return m, err
		}
	}
	return m, nil
}

// kilobytes reads a line such as "VmRSS:    1234 kB", in bytes.
func kilobytes(text, field string) (int64, error) {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("there is no %s", field)
}

// busy reads the text of /proc/stat: the time that all CPUs together were not idle.
func busy(stat string) (time.Duration, error) {
	line, _, _ := strings.Cut(stat, "\n")
	f := strings.Fields(line)
	if len(f) < 9 || f[0] != "cpu" {
		return 0, fmt.Errorf("/proc/stat begins with %q", line)
	}
	ticks := int64(0)
	for _, i := range []int{1, 2, 3, 6, 7, 8} { // user, nice, system, interrupts, soft interrupts, stolen
		n, err := strconv.ParseInt(f[i], 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * (time.Second / 100), nil
}

// load is what the CPUs did in some time.
type load struct {
	at            time.Time
	server, crowd time.Duration
	all           time.Duration
}

func (s *server) load() (l load, err error) {
	l.at = time.Now()
	if l.server, err = s.cpu(); err != nil {
		return l, err
	}
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return l, err
	}
	if l.all, err = busy(string(stat)); err != nil {
		return l, err
	}
	l.crowd, err = ownCPU()
	return l, err
}

// since is the CPU used from then to l: the server's time, and in percent of one CPU that of the server, of the clients and of everybody else.
func (l load) since(then load) (server time.Duration, percent, crowd, others float64) {
	wall := float64(l.at.Sub(then.at))
	server = l.server - then.server
	own := l.crowd - then.crowd
	return server, 100 * float64(server) / wall, 100 * float64(own) / wall, max(100*float64(l.all-then.all-server-own)/wall, 0)
}
