package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/bennu-go/bennu/bench/internal/loopback"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := compare(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func compare(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o, err := parseOptions(args, stderr)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, fmt.Errorf("the limit of %v (-timeout) was reached", o.timeout))
	defer cancel()
	dir, err := os.MkdirTemp("", "compare-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	r := runner{generator: filepath.Join(dir, "loadgen"), serverCPU: o.serverCPU, driverCPU: o.driverCPU}
	if err := build(ctx, o.loadgen, r.generator, "."); err != nil {
		return err
	}
	specs, err := servers(ctx, o, dir)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(specs, func(s spec) bool { return s.tls }) {
		r.relay = filepath.Join(dir, "relay")
		if err := build(ctx, "", r.relay, "github.com/bennu-go/bennu/bench/relay"); err != nil {
			return err
		}
	}
	report := results{smoke: o.quick}
	for _, s := range specs {
		if s.tls {
			report.relayed = append(report.relayed, s.name)
		}
		report.servers = append(report.servers, s.name)
	}
	for _, sc := range scenarios(o.size) {
		if o.only.MatchString(sc.name) {
			report.scenarios = append(report.scenarios, sc)
		}
	}
	if len(report.scenarios) == 0 {
		return fmt.Errorf("-only %q names no scenario", o.only)
	}

	keep := io.Discard
	if o.json != "" {
		file, err := os.OpenFile(o.json, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		keep = file
	}
	all := rounds{runner: r, count: o.rounds, specs: specs, progress: stderr, keep: json.NewEncoder(keep), report: report}
	err = all.run(ctx)
	if len(all.report.samples) > 0 {
		fmt.Fprintf(stdout, "%s\n\n%s", conditions(o), all.report.markdown())
	}
	if ctx.Err() != nil {
		return errors.Join(context.Cause(ctx), err)
	}
	return err
}

// servers are the built-in ones that are wanted and what the command line
// names, built where they are Go packages.
func servers(ctx context.Context, o options, dir string) ([]spec, error) {
	var specs []spec
	for _, b := range builtins() {
		if !o.with.MatchString(b.name) {
			continue
		}
		s, err := parseSpec(b.name+"="+b.command, loopback.Free)
		if err != nil {
			return nil, err
		}
		s.only = b.only
		specs = append(specs, s)
	}
	for _, text := range o.servers {
		s, err := parseSpec(text, loopback.Free)
		if err != nil {
			return nil, err
		}
		if isBuiltin(s.name) || slices.ContainsFunc(specs, func(other spec) bool { return other.name == s.name }) {
			return nil, fmt.Errorf("another server is called %q: give this one a name of its own", s.name)
		}
		specs = append(specs, s)
	}
	if len(specs) == 0 {
		return nil, fmt.Errorf("nothing to measure: -servers %q names none", o.with)
	}
	built := map[string]string{}
	for i := range specs {
		s := &specs[i]
		if pkg, ok := s.goRun(); ok {
			if built[pkg] == "" {
				built[pkg] = filepath.Join(dir, fmt.Sprintf("server-%d", i))
				if err := build(ctx, "", built[pkg], pkg); err != nil {
					return nil, err
				}
			}
			s.argv = append([]string{built[pkg]}, s.argv[3:]...)
		}
	}
	return specs, nil
}

func build(ctx context.Context, dir, program, pkg string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program, pkg)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s (run this in the bench module): %w\n%s", filepath.Join(dir, pkg), err, out)
	}
	return nil
}

// conditions says where and how the figures came about.
func conditions(o options) string {
	model := "unknown CPU"
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	kernel := "of unknown version"
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		// What follows the second number names a build, which says nothing.
		if parts := strings.SplitN(string(b), ".", 3); len(parts) == 3 {
			kernel = parts[0] + "." + parts[1]
		}
	}
	smoke := ""
	if o.quick {
		smoke = " A smoke test: too short and too small to judge by."
	}
	return fmt.Sprintf("%s, %d CPUs, Linux %s, %s. Rounds: %d, %v measured a run, a fresh server for each; median (smallest–largest). Servers on CPU %s, generator on CPU %s.%s",
		model, runtime.NumCPU(), kernel, runtime.Version(), o.rounds, o.size.dur, o.serverCPU, o.driverCPU, smoke)
}
