package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"
)

type options struct {
	n       int
	topics  int
	shards  int
	window  int
	hold    time.Duration
	period  time.Duration
	idle    time.Duration
	echo    time.Duration
	rate    int
	shouts  int
	faults  bool
	timeout time.Duration
	server  string
	inside  bool
}

// perShard is how many connections a pinned shard gets at most: a table of files has room for 20,000 on many machines.
const perShard = 16_000

func parseOptions(args []string, usage io.Writer) (o options, err error) {
	f := flag.NewFlagSet("scale", flag.ContinueOnError)
	f.SetOutput(usage)
	f.IntVar(&o.n, "n", 10_000, "connections")
	f.IntVar(&o.topics, "topics", 1, "topics that they are spread over; the first one's members hear the broadcasts")
	f.IntVar(&o.shards, "shards", 0, "pinned shards of the server (0: one for each 16,000 connections, 2 at least)")
	f.IntVar(&o.window, "window", 256, "clients that connect at once")
	f.DurationVar(&o.hold, "hold", time.Minute, "how long they are held, with heartbeats")
	f.DurationVar(&o.period, "period", 30*time.Second, "between two heartbeats of a client")
	f.DurationVar(&o.idle, "idle", 30*time.Second, "how long they are held without heartbeats, 30s at most: after 60 without a byte the server closes")
	f.DurationVar(&o.echo, "echo", 10*time.Second, "how long echoes are asked for")
	f.IntVar(&o.rate, "rate", 2_000, "echoes a second")
	f.IntVar(&o.shouts, "shouts", 3, "broadcasts")
	f.BoolVar(&o.faults, "faults", false, "then have clients behave badly: bytes one by one, readers that stop in a storm, clients that vanish")
	f.DurationVar(&o.timeout, "timeout", 30*time.Minute, "for the whole run")
	f.StringVar(&o.server, "server", "", "the built server (empty: build it)")
	f.BoolVar(&o.inside, "inside", false, "run in this network namespace, which has to be empty: scale starts itself so")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("scale: argument %q: there are flags only", f.Arg(0))
	case o.n < 1 || o.n > 10_000_000:
		return o, errors.New("scale: -n must be 1 to 10,000,000")
	case o.idle > 30*time.Second || o.period > 30*time.Second || o.period <= 0:
		return o, errors.New("scale: -idle and -period may be 30s at most: the server closes who has been silent for 60")
	case o.topics < 1 || o.window < 1 || o.shouts < 0 || o.rate < 1:
		return o, errors.New("scale: -topics, -window and -rate must be at least 1")
	}
	if o.shards == 0 {
		o.shards = max((o.n+perShard-1)/perShard, 2)
	}
	return o, nil
}
