package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"syscall"
	"time"
)

// options are the command line.
type options struct {
	loadgen   string
	servers   []string
	with      *regexp.Regexp // of the servers that are built here
	rounds    int
	quick     bool
	only      *regexp.Regexp
	size      size
	timeout   time.Duration
	json      string
	serverCPU string
	driverCPU string
}

func parseOptions(args []string, usage io.Writer) (options, error) {
	o := options{only: regexp.MustCompile(""), with: regexp.MustCompile("")}
	flags := flag.NewFlagSet("compare", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.StringVar(&o.loadgen, "loadgen", os.Getenv("LOADGEN"), "`folder` of the load generator's source (default: $LOADGEN)")
	flags.Func("server", "`NAME=COMMAND` of a server to measure; may be given again", func(s string) error {
		o.servers = append(o.servers, s)
		return nil
	})
	flags.Func("servers", "`regexp` of the servers to measure that are built here: epoll, hijack, bennu, bennu-portable, bennu-tls, gorilla, coder, gws, nbio (default all)", func(s string) (err error) {
		o.with, err = regexp.Compile(s)
		return err
	})
	flags.BoolVar(&o.quick, "quick", false, "one short round with few connections: a smoke test, not a measurement")
	rounds := flags.Int("rounds", 0, "rounds (default 3, quick 1)")
	flags.Func("only", "`regexp` of the scenarios to run: idle, idle-most, fanout-small, fanout-big, fanout-most, burst, echo-10, echo-big, presence (default all)", func(s string) (err error) {
		o.only, err = regexp.Compile(s)
		return err
	})
	big := flags.Int("n", 0, "connections of the big scenarios (default 10,000, quick 500)")
	most := flags.Int("most", 0, "connections of idle-most and fanout-most (default 19,000, quick 1,000)")
	dur := flags.Duration("dur", 0, "measured time of a fan-out or echo run (default 4s, quick 500ms)")
	flags.DurationVar(&o.timeout, "timeout", 0, "limit of the whole (default 40m, quick 5m)")
	flags.StringVar(&o.json, "json", "", "`file` to append every run to, one JSON object a line")
	flags.StringVar(&o.serverCPU, "server-cpu", "0", "CPU of the servers")
	flags.StringVar(&o.driverCPU, "driver-cpu", "1", "CPU of the generator")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected %q: a server is given as -server NAME=COMMAND", flags.Arg(0))
	}

	o.size = size{small: 1_000, big: 10_000, most: 19_000, warm: time.Second, dur: 4 * time.Second, hold: 3 * time.Second}
	o.rounds = 3
	limit := 40 * time.Minute
	if o.quick {
		o.size = size{small: 100, big: 500, most: 1_000, warm: 100 * time.Millisecond, dur: 500 * time.Millisecond, hold: 2 * time.Second}
		o.rounds, limit = 1, 5*time.Minute
	}
	if *rounds > 0 {
		o.rounds = *rounds
	}
	if *big > 0 {
		o.size.big = *big
	}
	if *most > 0 {
		o.size.most = *most
	}
	if *dur > 0 {
		o.size.dur, o.size.warm = *dur, min(o.size.warm, *dur/4)
	}
	if o.timeout <= 0 {
		o.timeout = limit
	}
	return o, o.validate()
}

func (o options) validate() error {
	switch {
	case o.loadgen == "":
		return errors.New("where is the load generator? Name the folder of its source with -loadgen DIR or LOADGEN")
	case runtime.NumCPU() < 2 || o.serverCPU == o.driverCPU:
		return errors.New("a server and the generator need a CPU each: on one they would measure each other")
	}
	return raiseDescriptors(uint64(o.mostConnections()))
}

// mostConnections is what the scenarios that were asked for need.
func (o options) mostConnections() (n int) {
	for _, sc := range scenarios(o.size) {
		if o.only.MatchString(sc.name) {
			n = max(n, sc.conns)
		}
	}
	return n
}

// raiseDescriptors lifts the soft limit to the hard one, for this process and
// so for what it starts.
func raiseDescriptors(n uint64) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("reading the limit of open files: %w", err)
	}
	if limit.Max < n+100 {
		return fmt.Errorf("%d connections need more open files than the hard limit of %d (ulimit -Hn): give a smaller -n or -most", n, limit.Max)
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("raising the limit of open files: %w", err)
	}
	return nil
}
