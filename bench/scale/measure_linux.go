package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"github.com/bennu-go/bennu/bench/scale/crowd"
	"github.com/bennu-go/bennu/bench/settle"
)

// A measurement is one run, in its namespace.
type measurement struct {
	o      options
	out    io.Writer
	server *server
	crowd  *crowd.Crowd
	empty  memory // settled, before anybody came
	heap   uint64 // the same
}

func measure(ctx context.Context, o options, out, log io.Writer) error {
	runtime.LockOSThread() // the server is killed when this thread ends
	defer runtime.UnlockOSThread()
	debug.SetGCPercent(400) // the clients' own garbage should take nothing from the server
	link, err := newTun(max(2*o.n, 200_000))
	if err != nil {
		return fmt.Errorf("scale: %w; it needs /dev/net/tun and a namespace where it may use it", err)
	}
	defer link.close()
	m := &measurement{o: o, out: out}
	if m.crowd, err = crowd.New(crowd.Config{Link: link, Server: netip.MustParseAddrPort(serverAddr), First: netip.MustParseAddr("10.1.0.0"), Size: o.n, Topics: o.topics}); err != nil {
		return err
	}
	if m.server, err = startServer(ctx, o, log); err != nil {
		return fmt.Errorf("scale: %w", err)
	}
	defer m.server.kill()
	m.row("what", "figure")
	fmt.Fprintln(out, "|---|---:|")
	stop := context.AfterFunc(ctx, func() { m.server.cmd.Process.Kill() })
	defer stop()
	for _, phase := range []func() error{m.before, m.connect, m.memory, m.collect, m.idle, m.hold, m.echo, m.broadcast, m.memory, m.faults, m.stop} {
		if err := phase(); err != nil {
			return fmt.Errorf("scale: %w", errors.Join(context.Cause(ctx), err))
		}
	}
	return nil
}

func (m *measurement) row(what, format string, args ...any) {
	fmt.Fprintf(m.out, "| %s | %s |\n", what, fmt.Sprintf(format, args...))
}

func (m *measurement) look() (memory, error) { return lookAt(m.server.cmd.Process.Pid) }

func (m *measurement) settle() (runtime.MemStats, error) {
	var stats runtime.MemStats
	return stats, m.server.ask(settle.Path, &stats)
}

// whole checks that every client is there.
func (m *measurement) whole(when string) error {
	c := m.crowd.Counts()
	if c.Joined == m.o.n && c.Lost+c.Refused+c.Wrong+c.Closed == 0 {
		return nil
	}
	return fmt.Errorf("%s: %d of %d are joined; %+v, codes %v, first refusal %q", when, c.Joined, m.o.n, c, m.crowd.Codes(), m.crowd.Refusal())
}

func (m *measurement) before() error {
	stats, err := m.settle()
	if err != nil {
		return err
	}
	m.heap = stats.HeapAlloc
	m.empty, err = m.look()
	m.row("connections, pinned shards", "%d, %d", m.o.n, m.o.shards)
	m.row("resident, empty server", "%.1f MB", mb(m.empty.resident))
	return err
}

func mb(n int64) float64 { return float64(n) / 1e6 }

func (m *measurement) connect() error {
	m.crowd.Heartbeats(m.o.period) // who came first would be silent for too long otherwise
	then, err := m.server.load()
	if err != nil {
		return err
	}
	if err := m.crowd.Connect(m.o.n, m.o.window); err != nil {
		return err
	}
	now, err := m.server.load()
	if err != nil {
		return err
	}
	server, percent, own, others := now.since(then)
	m.row("connect and join", "%.0f/s, %.1f µs CPU each", float64(m.o.n)/now.at.Sub(then.at).Seconds(), float64(server.Microseconds())/float64(m.o.n))
	m.row("CPU meanwhile: server, clients, others", "%.0f %%, %.0f %%, %.0f %%", percent, own, others)
	c := m.crowd.Counts()
	m.row("packets said again by clients, sent twice by the server", "%d, %d", c.Again, c.Duplicates)
	return m.whole("after connecting")
}

// memory gives the memory as found, then settled.
func (m *measurement) memory() error {
	found, err := m.look()
	if err != nil {
		return err
	}
	stats, err := m.settle()
	if err != nil {
		return err
	}
	settled, err := m.look()
	if err != nil {
		return err
	}
	each := func(bytes int64) float64 { return float64(bytes) / float64(m.o.n) }
	m.row("resident a connection: as found, settled", "%.0f B, %.0f B", each(found.resident-m.empty.resident), each(settled.resident-m.empty.resident))
	m.row("resident: as found, settled", "%.1f MB, %.1f MB", mb(found.resident), mb(settled.resident))
	m.row("Go's heap and stacks a connection, settled", "%.0f B, %.0f B", each(int64(stats.HeapAlloc)-int64(m.heap)), each(int64(stats.StackInuse)))
	m.row("the kernel's objects a connection", "%.0f B", each(settled.slab-m.empty.slab))
	m.row("the machine's free memory a connection, server and clients included", "%.0f B", each(m.empty.free-settled.free))
	_, err = m.crowd.Run(100*time.Millisecond, nil) // what came meanwhile
	return err
}

// collect gives the cost of one full cycle of the collector.
func (m *measurement) collect() error {
	var all []settle.GC
	for range 5 {
		var g settle.GC
		if err := m.server.ask(settle.GCPath, &g); err != nil {
			return err
		}
		all = append(all, g)
		if _, err := m.crowd.Run(50*time.Millisecond, nil); err != nil {
			return err
		}
	}
	slices.SortFunc(all, func(a, b settle.GC) int { return int(a.CPU - b.CPU) })
	mid := all[len(all)/2]
	m.row("one full GC cycle: CPU (smallest–largest of 5), wall", "%v (%v–%v), %v", ms(mid.CPU), ms(all[0].CPU), ms(all[len(all)-1].CPU), ms(mid.Wall))
	m.row("of it, by the collector's own count", "%v", ms(mid.Collector))
	m.row("heap in use", "%.1f MB", mb(int64(mid.Heap)))
	return nil
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

// idle holds all without heartbeats. Before and after that each client sends one within 20 seconds, so that nobody is silent for 60.
func (m *measurement) idle() error {
	const quick = 20 * time.Second
	if m.o.idle <= 0 {
		return nil
	}
	m.crowd.Heartbeats(quick)
	if _, err := m.crowd.Run(quick+time.Second, nil); err != nil {
		return err
	}
	m.crowd.Heartbeats(0)
	if _, err := m.crowd.Run(time.Second, nil); err != nil {
		return err
	}
	then, err := m.server.load()
	if err != nil {
		return err
	}
	if _, err := m.crowd.Run(m.o.idle-2*time.Second, nil); err != nil {
		return err
	}
	now, err := m.server.load()
	if err != nil {
		return err
	}
	_, percent, own, others := now.since(then)
	m.row("CPU without heartbeats: server, clients, others", "%.2f %%, %.2f %%, %.0f %%", percent, own, others)
	m.crowd.Heartbeats(quick)
	_, err = m.crowd.Run(quick+time.Second, nil)
	return err
}

func (m *measurement) hold() error {
	m.crowd.Heartbeats(m.o.period)
	was := m.crowd.Counts()
	then, err := m.server.load()
	if err != nil {
		return err
	}
	if _, err := m.crowd.Run(m.o.hold, nil); err != nil {
		return err
	}
	now, err := m.server.load()
	if err != nil {
		return err
	}
	c := m.crowd.Counts()
	_, percent, own, others := now.since(then)
	beats := m.crowd.Heartbeats(m.o.period)
	m.row("held with heartbeats", "%v, %.0f a second", now.at.Sub(then.at).Round(time.Second), float64(c.Heartbeats-was.Heartbeats)/now.at.Sub(then.at).Seconds())
	m.row("lost, heartbeats unanswered when the next was due", "%d, %d", c.Lost+c.Refused+c.Closed, c.Overdue-was.Overdue)
	m.row("CPU meanwhile: server, clients, others", "%.1f %%, %.1f %%, %.0f %%", percent, own, others)
	m.row("heartbeat answered: p50, p99, slowest", "%v, %v, %v", beats.Percentile(50), beats.Percentile(99), beats.Max())
	if c.Overdue != was.Overdue {
		return fmt.Errorf("%d heartbeats were not answered before the next was due", c.Overdue-was.Overdue)
	}
	return m.whole("after holding")
}

func (m *measurement) echo() error {
	if m.o.echo <= 0 {
		return nil
	}
	l, err := m.crowd.Echo(m.o.rate, m.o.echo)
	if err != nil {
		return err
	}
	m.row(fmt.Sprintf("echo at %d/s beside the heartbeats: p50, p99, slowest", m.o.rate), "%v, %v, %v", l.Percentile(50), l.Percentile(99), l.Max())
	return m.whole("after echoes")
}

func (m *measurement) broadcast() error {
	for range m.o.shouts {
		then, err := m.server.load()
		if err != nil {
			return err
		}
		took, heard, err := m.crowd.Shout(2 * time.Minute)
		if err != nil {
			return err
		}
		now, err := m.server.load()
		if err != nil {
			return err
		}
		server, _, _, _ := now.since(then)
		m.row(fmt.Sprintf("broadcast to %d: until the last has heard, server's CPU each", heard), "%v, %.2f µs", took.Round(time.Millisecond),
			float64(server.Nanoseconds())/1000/float64(heard))
	}
	return m.whole("after broadcasts")
}

// stop asks the server to end. All clients must be told to come back.
func (m *measurement) stop() error {
	m.crowd.Heartbeats(m.o.period)
	want := m.crowd.Counts().Joined
	began := time.Now()
	if err := m.server.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	told, err := m.crowd.Run(2*time.Minute, func() bool { return m.crowd.Counts().Joined == 0 })
	if err != nil {
		return err
	}
	all := time.Since(began)
	gone, err := m.crowd.Run(time.Minute, func() bool {
		select {
		case <-m.server.exited:
			return true
		default:
			return false
		}
	})
	if err != nil {
		return err
	}
	m.row("SIGTERM until all were told, until the process was gone", "%.2f s, %.2f s", all.Seconds(), time.Since(began).Seconds())
	c, codes := m.crowd.Counts(), m.crowd.Codes()
	m.row("closed with 1012", "%d", codes[1012])
	switch {
	case !told || codes[1012] != want || c.Lost != 0:
		return fmt.Errorf("%d of %d were told to come back (1012); %+v, codes %v", codes[1012], want, c, codes)
	case !gone:
		return errors.New("the server did not end within a minute")
	case m.server.err != nil:
		return fmt.Errorf("the server ended: %w", m.server.err)
	}
	return nil
}

func ownCPU() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, os.NewSyscallError("getrusage", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
