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
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/bennu-go/bennu/bench/internal/loopback"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// plan is what is measured.
type plan struct {
	rounds, conns, rate int
	dur                 time.Duration
	cpu                 string
}

// figures of one server in one round.
type figures struct {
	perSecond, cpu, p50, p99 float64 // requests; µs each; ms; ms
}

var paths = []struct{ title, path string }{
	{"A fixed answer, GET /api/ping", "/api/ping"},
	{"One with a parameter, GET /api/users/{id}", "/api/users/42"},
	{"One from a cache, GET /api/cached/{id}", "/api/cached/42"},
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("web", flag.ContinueOnError)
	kind := flags.String("serve", "", "serve this kind and nothing else")
	addr := flags.String("addr", "", "with -serve: loopback address")
	p := plan{}
	flags.IntVar(&p.rounds, "rounds", 3, "rounds in which every server has its turn")
	flags.IntVar(&p.conns, "conns", 64, "connections")
	flags.IntVar(&p.rate, "rate", 5000, "requests a second of the open load")
	flags.DurationVar(&p.dur, "dur", 4*time.Second, "of each load")
	flags.StringVar(&p.cpu, "cpu", "0", "where the servers run; empty: anywhere")
	quick := flags.Bool("quick", false, "one short round: whether it works")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *kind != "" {
		if _, err := loopback.AddrPort(*addr); err != nil {
			return err
		}
		return serve(ctx, *kind, *addr)
	}
	if *quick {
		p.rounds, p.conns, p.rate, p.dur = 1, 4, 100, 300*time.Millisecond
	}
	for _, path := range paths {
		byKind := map[string][]figures{}
		for round := range p.rounds {
			for _, kind := range kinds {
				fmt.Fprintf(os.Stderr, "%s: round %d of %d, %s\n", path.path, round+1, p.rounds, kind)
				f, err := p.measure(ctx, kind, path.path)
				if err != nil {
					return fmt.Errorf("web: %s, %s: %w", kind, path.path, err)
				}
				byKind[kind] = append(byKind[kind], f)
			}
		}
		p.table(out, path.title, byKind)
	}
	return nil
}

// measure gives one server its turn.
func (p plan) measure(ctx context.Context, kind, path string) (f figures, err error) {
	addr, err := loopback.Free()
	if err != nil {
		return f, err
	}
	argv := []string{os.Args[0], "-serve", kind, "-addr", addr.String()}
	if p.cpu != "" {
		argv = append([]string{"taskset", "-c", p.cpu}, argv...)
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return f, err
	}
	defer func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	}()
	for began := time.Now(); ; {
		c, err := dial(addr.String(), path)
		if err == nil {
			err = c.do()
			c.nc.Close()
			if err != nil {
				return f, err
			}
			break
		}
		if time.Since(began) > 10*time.Second {
			return f, err
		}
		time.Sleep(20 * time.Millisecond)
	}
	if _, err := closed(ctx, addr.String(), path, p.conns, p.dur/4); err != nil { // warm
		return f, err
	}
	before, err := cpuOf(cmd.Process.Pid)
	if err != nil {
		return f, err
	}
	began := time.Now()
	n, err := closed(ctx, addr.String(), path, p.conns, p.dur)
	if err != nil {
		return f, err
	}
	took := time.Since(began)
	after, err := cpuOf(cmd.Process.Pid)
	if err != nil {
		return f, err
	}
	f.perSecond = float64(n) / took.Seconds()
	f.cpu = float64((after - before).Microseconds()) / float64(n)
	late, err := open(ctx, addr.String(), path, p.conns, p.rate, p.dur)
	if err != nil {
		return f, err
	}
	f.p50 = quantile(late, 0.5).Seconds() * 1000
	f.p99 = quantile(late, 0.99).Seconds() * 1000
	return f, ctx.Err()
}

// cpuOf is the CPU time that a process has used, in ticks of 10 ms.
func cpuOf(pid int) (time.Duration, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("web: /proc/%d/stat has %d fields", pid, len(fields))
	}
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond, errors.Join(err1, err2)
}

func (p plan) table(out io.Writer, title string, byKind map[string][]figures) {
	fmt.Fprintf(out, "%s: %d connections; latencies at %d a second\n\n", title, p.conns, p.rate)
	fmt.Fprintln(out, "| server | requests/s | × mux | CPU µs | × mux | p50 ms | p99 ms |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|")
	floor := byKind[kinds[0]]
	for _, kind := range kinds {
		all := byKind[kind]
		of := func(get func(f figures) float64) float64 {
			var v []float64
			for _, f := range all {
				v = append(v, get(f))
			}
			return median(v)
		}
		ratio := func(get func(f figures) float64) float64 {
			var v []float64
			for i, f := range all {
				v = append(v, get(f)/get(floor[i]))
			}
			return median(v)
		}
		rate, cpu := func(f figures) float64 { return f.perSecond }, func(f figures) float64 { return f.cpu }
		fmt.Fprintf(out, "| %s | %.0f | %.2f | %.1f | %.2f | %.2f | %.2f |\n", kind, of(rate), ratio(rate), of(cpu), ratio(cpu),
			of(func(f figures) float64 { return f.p50 }), of(func(f figures) float64 { return f.p99 }))
	}
	fmt.Fprintln(out)
}

func median(v []float64) float64 {
	slices.Sort(v)
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}
