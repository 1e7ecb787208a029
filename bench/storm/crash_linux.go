package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/bennu-go/bennu/bench/internal/child"
	"github.com/bennu-go/bennu/bench/internal/wsconn"
)

const (
	probeCount = 20
	probeEvery = 10 * time.Millisecond // of each probe
)

// crashed is what crash reports.
type crashed struct {
	Mode     string         `json:"mode"`
	Clients  int            `json:"clients"`
	Topics   int            `json:"topics"`
	Seconds  float64        `json:"seconds"`
	Crashes  int            `json:"crashes"` // joins that were answered with "join crashed"
	Refused  map[string]int `json:"refused"` // all answers but ok, by reason
	CPUIdle  float64        `json:"server_cpu_idle_percent"`
	CPU      float64        `json:"server_cpu_percent"` // of one CPU, probes included
	PerCrash int64          `json:"server_cpu_us_per_crash"`
	LogLines int            `json:"log_lines"`
	LogBytes int            `json:"log_bytes"`
	EchoIdle latency        `json:"echo_idle"`
	Echo     latency        `json:"echo"`
	PeakMB   float64        `json:"server_peak_mb"`
	conditions
}

// crash has clients join, again and again, a channel that crashes in every join.
func (o options) crash(ctx context.Context) (crashed, error) {
	r := crashed{Mode: o.mode, Clients: o.n, Topics: o.topics, Seconds: seconds(o.length)}
	server, err := o.serve(ctx)
	if err != nil {
		return r, err
	}
	defer server.Kill()
	probeCtx, stopProbes := context.WithCancel(ctx)
	defer stopProbes()
	probes, err := startProbes(probeCtx, wsconn.DialTCP(o.addr), probeCount, probeEvery)
	if err != nil {
		stopProbes()
		return r, errors.Join(err, probes.stop())
	}
	idleFor := min(o.length, 5*time.Second)
	idle, err := o.watch(ctx, server, idleFor)
	if err != nil {
		return r, err
	}

	probes.phase.Store(1)
	c := newCrowd(wsconn.DialTCP(o.addr), o.n, func(i int) []string { return []string{"crash:" + strconv.Itoa(i%o.topics)} })
	crowdCtx, dismiss := context.WithCancel(ctx)
	defer c.leave()
	defer dismiss()
	c.running.Go(func() { c.arrive(crowdCtx, o.rate) })
	busy, err := o.watch(ctx, server, o.length)
	probes.phase.Store(2)
	if err != nil {
		return r, err
	}
	t := c.taken()
	r.LogLines, r.LogBytes = server.Log.Counts()
	if _, r.PeakMB, err = usage(server); err != nil {
		return r, err
	}
	stopProbes()
	if err := probes.stop(); err != nil {
		return r, fmt.Errorf("a probe was not served: %w", err)
	}
	r.Refused, r.Crashes = t.refused, t.refused["join crashed"]
	r.CPUIdle, r.CPU = percent(idle, idleFor), percent(busy, o.length)
	if r.Crashes == 0 {
		return r, errors.New("no join crashed")
	}
	if extra := busy - time.Duration(float64(idle)*o.length.Seconds()/idleFor.Seconds()); extra > 0 {
		r.PerCrash = extra.Microseconds() / int64(r.Crashes)
	}
	r.EchoIdle, r.Echo = probes.of(0), probes.of(1)
	return r, nil
}

// watch measures the CPU that the server uses for a while.
func (o options) watch(ctx context.Context, server *child.Process, d time.Duration) (time.Duration, error) {
	before, err := server.CPU()
	if err != nil {
		return 0, err
	}
	if !pause(ctx, d) {
		return 0, context.Cause(ctx)
	}
	after, err := server.CPU()
	return after - before, err
}

func percent(part, whole time.Duration) float64 {
	return float64(int(1000*part.Seconds()/whole.Seconds())) / 10
}
