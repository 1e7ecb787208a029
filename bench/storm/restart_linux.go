package main

import (
	"context"
	"fmt"
	"strconv"
	"syscall"
	"time"

	"github.com/bennu-go/bennu/bench/internal/child"
	"github.com/bennu-go/bennu/bench/internal/wsconn"
)

// restarted is what kill and drain report. Times until clients are back are counted from the signal.
type restarted struct {
	Mode        string         `json:"mode"`
	Clients     int            `json:"clients"`
	ExitMS      float64        `json:"old_exit_ms"`             // from the signal to the end of the old server
	DownMS      float64        `json:"start_ms"`                // from the signal to the start of the new one
	BackP50     float64        `json:"back_p50_s"`              // of one client
	BackP99     float64        `json:"back_p99_s"`              // of one client
	AllBack     float64        `json:"all_back_s"`              // from the signal
	AllBackUp   float64        `json:"all_back_after_health_s"` // from the new server's first answer to /health
	Health      health         `json:"health"`                  // of the new server, from its start
	Draining    *health        `json:"health_draining,omitempty"`
	Dials       map[string]int `json:"dials"`   // by outcome
	Ends        map[string]int `json:"ends"`    // of connections, by close code or error
	Refused     map[string]int `json:"refused"` // joins, by reason
	Join        latency        `json:"join"`
	CPU         float64        `json:"server_cpu_s"` // of the new server, until all were back
	PeakMB      float64        `json:"server_peak_mb"`
	OldPeakMB   float64        `json:"old_server_peak_mb"`
	OldLogLines int            `json:"old_log_lines"`
	LogLines    int            `json:"log_lines"`
	conditions
}

// restart has the crowd lose its server, and waits until all are back at a new one.
func (o options) restart(ctx context.Context) (restarted, error) {
	r := restarted{Mode: o.mode, Clients: o.n}
	old, err := o.serve(ctx)
	if err != nil {
		return r, err
	}
	defer old.Kill()
	c := newCrowd(wsconn.DialTCP(o.addr), o.n, func(i int) []string { return []string{"room:" + strconv.Itoa(i%max(o.n/10, 1))} })
	crowdCtx, dismiss := context.WithCancel(ctx)
	defer c.leave()
	defer dismiss()
	c.arrive(crowdCtx, o.rate)
	if _, err := c.allBack(ctx); err != nil {
		return r, fmt.Errorf("before the storm: %w", err)
	}
	if r.OldPeakMB, err = old.Peak(); err != nil {
		return r, err
	}

	c.mark()
	began := time.Now()
	if err := o.end(ctx, old, &r); err != nil {
		return r, err
	}
	r.ExitMS = millis(time.Since(began))
	if !pause(ctx, o.down) {
		return r, context.Cause(ctx)
	}
	r.DownMS = millis(time.Since(began))
	fresh, err := o.launch()
	if err != nil {
		return r, err
	}
	defer fresh.Kill()
	up := make(chan struct{})
	polls := pollWhile(ctx, o, up)
	took, err := c.allBack(ctx)
	all := time.Since(began)
	if err == nil {
		select {
		case <-up:
		case <-ctx.Done():
			err = fmt.Errorf("waiting for an answer of /health: %w", context.Cause(ctx))
		}
	}
	r.Health = polls()
	if err != nil {
		return r, fmt.Errorf("%w; the server says:\n%s", err, fresh.Log.Tail())
	}
	if r.CPU, r.PeakMB, err = usage(fresh); err != nil {
		return r, err
	}
	r.BackP50, r.BackP99, r.AllBack = seconds(quantile(took, 0.5)), seconds(quantile(took, 0.99)), seconds(all)
	r.AllBackUp = seconds(all - time.Duration((r.DownMS+r.Health.First)*float64(time.Millisecond)))
	t := c.taken()
	r.Dials, r.Ends, r.Refused, r.Join = t.dials, t.ends, t.refused, latencyOf(t.joins)
	r.OldLogLines, _ = old.Log.Counts()
	r.LogLines, _ = fresh.Log.Counts()
	if len(t.faults) > 0 {
		return r, fmt.Errorf("messages that could not be understood: %v", t.faults)
	}
	return r, nil
}

// end has the old server killed, or asks it to end, and waits until its port is free.
func (o options) end(ctx context.Context, old *child.Process, r *restarted) error {
	if o.mode == "kill" {
		old.Kill()
		return nil
	}
	polls := pollWhile(ctx, o, nil)
	err := old.Signal(syscall.SIGTERM)
	if err == nil {
		err = old.Ended(ctx)
	}
	h := polls()
	h.Failed = 0 // what fails does so because the server has gone
	r.Draining = &h
	return err
}

// pollWhile polls /health until the function that it returns is called.
func pollWhile(ctx context.Context, o options, first chan<- struct{}) (stop func() health) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan health, 1)
	go func() { done <- pollHealth(ctx, o.addr, first) }()
	return func() health {
		cancel()
		return <-done
	}
}

// usage is the CPU that a server has used, in seconds, and its largest resident set in MB.
func usage(p *child.Process) (cpu, peak float64, err error) {
	d, err := p.CPU()
	if err != nil {
		return 0, 0, err
	}
	peak, err = p.Peak()
	return seconds(d), peak, err
}
