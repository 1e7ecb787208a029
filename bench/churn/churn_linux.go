package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"time"

	"github.com/bennu-go/bennu/bench/internal/child"
	"github.com/bennu-go/bennu/bench/internal/counts"
)

const (
	startLimit = 20 * time.Second // for the server to answer
	emptyLimit = 3 * time.Minute  // for it to be as before when all clients have gone
)

// churn is the run. When ctx ends early, what there is until then is reported, with that among the troubles.
func (o options) churn(ctx context.Context, server *child.Process, log io.Writer) (*report, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: 1}
	defer transport.CloseIdleConnections()
	w := &watcher{server: server, admin: o.admin.String(), presences: o.presences(), began: time.Now(), client: http.Client{Transport: transport, Timeout: time.Minute}}
	if err := w.up(ctx); err != nil {
		return nil, err
	}
	r := &report{options: o}
	aside := context.WithoutCancel(ctx) // what is left to do when ctx has ended is short
	var err error
	if r.empty, err = w.take(aside); err != nil {
		return nil, err
	}
	fmt.Fprintln(log, "empty    ", r.empty.line())

	rehearsal, stop := cancelAfter(ctx, time.Duration(o.n)*time.Second/time.Duration(o.rate)+o.stay)
	quiet := o
	quiet.silent = 0
	first := quiet.crowd()
	first.run(rehearsal)
	stop()
	if r.base, err = w.emptied(aside, r.empty); err != nil {
		return nil, fmt.Errorf("after the rehearsal: %w", err)
	}
	fmt.Fprintln(log, "base     ", r.base.line())

	c := o.crowd()
	churning, stop := cancelAfter(ctx, o.length)
	defer stop()
	gone := make(chan struct{})
	own, theirs, began := used(), server, time.Now()
	serverBefore, err := theirs.CPU()
	if err != nil {
		return nil, err
	}
	go func() {
		defer close(gone)
		c.run(churning)
	}()
	w.began = began
	err = o.watch(churning, aside, w, c, r, log)
	stop()
	r.took = time.Since(began)
	r.ownCPU = used() - own
	if now, cpuErr := server.CPU(); cpuErr == nil {
		r.serverCPU = now - serverBefore
	}
	<-gone
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		r.troubles = append(r.troubles, "interrupted")
	}
	end, err := w.emptied(aside, r.empty)
	if err != nil {
		r.troubles = append(r.troubles, err.Error())
	}
	r.end = end
	fmt.Fprintln(log, "end      ", r.end.line())
	r.clients = first.counted()
	for what, n := range c.counted() {
		r.clients[what] += n
	}
	r.logLines, _ = server.Log.Counts()
	r.judge()
	return r, nil
}

// watch takes samples until the churn ends.
func (o options) watch(churning, aside context.Context, w *watcher, c *crowd, r *report, log io.Writer) error {
	tick := time.NewTicker(o.sample)
	defer tick.Stop()
	faults := map[string]int64{}
	for {
		select {
		case <-churning.Done():
			return nil
		case <-w.server.Exited:
			return fmt.Errorf("the server has ended: %v", w.server.Err)
		case <-tick.C:
		}
		s, err := w.take(aside)
		if err != nil {
			return err
		}
		if churning.Err() != nil {
			return nil // of the clients' leaving
		}
		r.samples = append(r.samples, s)
		fmt.Fprintln(log, s.line())
		if now := c.faults(); !maps.Equal(now, faults) {
			faults = now
			fmt.Fprintln(log, "          so far:", now)
		}
	}
}

// up waits until the server answers.
func (w *watcher) up(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, startLimit)
	defer stop()
	for {
		_, err := w.counts(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-w.server.Exited:
			return fmt.Errorf("the server ended at once: %v", w.server.Err)
		default:
		}
		if !pause(ctx, 20*time.Millisecond) {
			return fmt.Errorf("the server does not answer: %w", err)
		}
	}
}

// emptied waits until nothing of the clients is left, and then takes a sample. If something stays, the sample comes with an error.
func (w *watcher) emptied(ctx context.Context, empty sample) (sample, error) {
	limited, stop := context.WithTimeout(ctx, emptyLimit)
	defer stop()
	var last counts.Counts
	for {
		c, err := w.counts(limited)
		if err == nil {
			last = c
			if c.WebSockets+c.LongPolls+c.Topics+c.Presences == int(empty.values[topics]) && c.Processes <= int(empty.values[processes]) {
				break
			}
		}
		if !pause(limited, 200*time.Millisecond) {
			s, err := w.take(ctx)
			if err != nil {
				return s, err
			}
			return s, fmt.Errorf("%v after the last client has gone the server still holds %d WebSockets, %d long-polls, %d topics, %d presences, %d processes",
				emptyLimit, last.WebSockets, last.LongPolls, last.Topics, last.Presences, last.Processes)
		}
	}
	pause(limited, time.Second) // connections kept alive, and goroutines on their way out
	s, err := w.take(ctx)
	if err != nil {
		return s, errors.Join(errors.New("sampling the empty server"), err)
	}
	return s, nil
}
