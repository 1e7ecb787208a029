package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"syscall"
	"time"

	"github.com/bennu-go/bennu/bench/internal/wsconn"
)

const blocking = `"blocking"` // what a channel pushes when its callback begins to block

// stalled is what blocked reports.
type stalled struct {
	Mode      string  `json:"mode"`
	Channels  int     `json:"channels"`
	Clients   int     `json:"clients"`
	Seconds   float64 `json:"seconds"`
	Ramp      float64 `json:"blocked_within_s"` // from the first push until all channels were in their callbacks
	During    float64 `json:"measured_s"`       // of the time in which all were
	Early     int     `json:"returned_early"`   // callbacks that ended before the measurement did: above 0, -for is too short for the machine
	EchoIdle  latency `json:"echo_idle"`
	Echo      latency `json:"echo"`
	EchoAfter latency `json:"echo_after"`
	Ratio     float64 `json:"p99_ratio"` // during to idle
	JoinIdle  latency `json:"join_idle"`
	Join      latency `json:"join"` // on connections with blocked channels
	Beats     latency `json:"heartbeats"`
	Lost      int     `json:"lost"`    // connections
	Replies   int     `json:"replies"` // of the callbacks, in the end
	PeakMB    float64 `json:"server_peak_mb"`
	LogLines  int     `json:"log_lines"`
	conditions
}

// blocked measures echoes, heartbeats and joins while channels sit in their callbacks.
func (o options) blocked(ctx context.Context) (stalled, error) {
	clients := max(o.n/o.each, 1)
	r := stalled{Mode: o.mode, Channels: clients * o.each, Clients: clients, Seconds: seconds(o.length)}
	server, err := o.serve(ctx)
	if err != nil {
		return r, err
	}
	defer server.Kill()
	c := newCrowd(wsconn.DialTCP(o.addr), clients, func(i int) (topics []string) {
		for k := range o.each {
			topics = append(topics, fmt.Sprintf("block:%d-%d", i, k))
		}
		return topics
	})
	c.heartbeat = o.length / 3 // so that each has some while it is blocked
	crowdCtx, dismiss := context.WithCancel(ctx)
	defer c.leave()
	defer dismiss()
	c.arrive(crowdCtx, o.rate)
	if _, err := c.allBack(ctx); err != nil {
		return r, err
	}
	probeCtx, stopProbes := context.WithCancel(ctx)
	defer stopProbes()
	probes, err := startProbes(probeCtx, wsconn.DialTCP(o.addr), probeCount, probeEvery)
	if err != nil {
		stopProbes()
		return r, errors.Join(err, probes.stop())
	}

	// A while of calm first: the joins have left garbage.
	const calm, onset, during, after = 0, 2, 3, 4
	probes.phase.Store(onset)
	if !pause(ctx, o.length/3) {
		return r, context.Cause(ctx)
	}
	c.taken()
	probes.phase.Store(calm)
	if err := c.visit(ctx, "idle", o.length*2/3); err != nil {
		return r, err
	}
	r.JoinIdle = latencyOf(c.taken().joins)

	probes.phase.Store(onset)
	began := time.Now()
	c.pushAll(o.each, "block", o.length, o.length/5)
	all := r.Channels
	if err := c.await(ctx, "all channels are blocked", func() bool { return c.tally.pushes[blocking] == all }); err != nil {
		return r, err
	}
	r.Ramp = seconds(time.Since(began))
	probes.phase.Store(during)
	from := time.Now()
	err = c.visit(ctx, "blocked", o.length-from.Sub(began)-o.length/20)
	probes.phase.Store(after)
	if err != nil {
		return r, err
	}
	r.During = seconds(time.Since(from))
	c.mu.Lock()
	r.Early, r.Join, r.Beats = c.tally.replies["ok"], latencyOf(c.tally.joins), latencyOf(c.tally.beats)
	c.mu.Unlock()
	if err := c.await(ctx, "all callbacks have returned", func() bool { return c.tally.replies["ok"] == all }); err != nil {
		return r, err
	}
	r.Replies = all
	if !pause(ctx, o.length/3) {
		return r, context.Cause(ctx)
	}
	if _, r.PeakMB, err = usage(server); err != nil {
		return r, err
	}
	stopProbes()
	if err := probes.stop(); err != nil {
		return r, fmt.Errorf("a probe was not served: %w", err)
	}
	for _, n := range c.taken().ends {
		r.Lost += n
	}
	r.EchoIdle, r.Echo, r.EchoAfter = probes.of(calm), probes.of(during), probes.of(after)
	r.Ratio = ratio(r.Echo.P99, r.EchoIdle.P99)
	r.LogLines, _ = server.Log.Counts()
	return r, nil
}

// pushAll has the first channels of every client blocked, evenly over a while.
func (c *crowd) pushAll(each int, event string, length, within time.Duration) {
	payload := fmt.Sprintf(`{"ms":%d}`, length.Milliseconds())
	began, n := time.Now(), len(c.clients)*each
	for i := range n {
		if i%64 == 0 {
			time.Sleep(time.Until(began.Add(within * time.Duration(i) / time.Duration(n))))
		}
		c.clients[i/each].push(i%each, strconv.Quote(event), payload)
	}
}

// visit has about one client in ten join one more channel, evenly over a while, and waits until that while is over.
func (c *crowd) visit(ctx context.Context, name string, d time.Duration) error {
	began := time.Now()
	n := max(len(c.clients)/10, 1)
	for i := range n {
		if !pause(ctx, time.Until(began.Add(d*time.Duration(i)/time.Duration(n)))) {
			return context.Cause(ctx)
		}
		if !c.clients[i*len(c.clients)/n].join("room:" + name + "-" + strconv.Itoa(i)) {
			return fmt.Errorf("client %d is not connected and cannot join", i)
		}
	}
	pause(ctx, time.Until(began.Add(d)))
	return c.await(ctx, "all visits are joined", func() bool { return c.present == len(c.clients) })
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return float64(int(100*a/b)) / 100
}

// ignored is what ignore reports.
type ignored struct {
	Mode     string         `json:"mode"`
	Channels int            `json:"channels"`
	ExitMS   float64        `json:"exit_ms"` // from SIGTERM
	Ends     map[string]int `json:"ends"`
	Stacks   bool           `json:"stack_logged"`
	LogLines int            `json:"log_lines"`
	conditions
}

// ignore asks a server to end while callbacks do not care.
func (o options) ignore(ctx context.Context) (ignored, error) {
	r := ignored{Mode: o.mode, Channels: o.n}
	server, err := o.serve(ctx)
	if err != nil {
		return r, err
	}
	defer server.Kill()
	c := newCrowd(wsconn.DialTCP(o.addr), o.n, func(i int) []string { return []string{"block:" + strconv.Itoa(i)} })
	crowdCtx, dismiss := context.WithCancel(ctx)
	defer c.leave()
	defer dismiss()
	c.arrive(crowdCtx, o.rate)
	if _, err := c.allBack(ctx); err != nil {
		return r, err
	}
	c.pushAll(1, "block", o.length, 0)
	if err := c.await(ctx, "all channels are blocked", func() bool { return c.tally.pushes[blocking] == o.n }); err != nil {
		return r, err
	}
	began := time.Now()
	if err := server.Signal(syscall.SIGTERM); err != nil {
		return r, err
	}
	if err := server.Ended(ctx); err != nil {
		return r, err
	}
	r.ExitMS = millis(time.Since(began))
	dismiss()
	c.leave()
	r.Ends = c.taken().ends
	r.LogLines, _ = server.Log.Counts()
	if r.Stacks = server.Log.Has("callback abandoned", "stack", "main.block"); !r.Stacks {
		return r, fmt.Errorf("the server did not log where its callbacks hang, but:\n%s", server.Log.Tail())
	}
	return r, nil
}
