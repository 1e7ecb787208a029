package main

import (
	"context"
	"io"
	"net/http"
	"net/netip"
	"time"

	"github.com/bennu-go/bennu/bench/internal/wsconn"
)

// health is what a poller of GET /health saw.
type health struct {
	First   float64 `json:"first_answer_ms"` // since polling began
	Slowest float64 `json:"slowest_ms"`      // of those that were answered
	Answers int     `json:"answers"`
	Failed  int     `json:"failed"` // after the first answer
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
}

const (
	healthEvery = 20 * time.Millisecond
	healthLimit = 10 * time.Second // of one request
)

// pollHealth asks every 20 ms, or as soon as the last answer is there, over a new connection each time, until ctx ends. First, which may be nil, is
// closed at the first answer.
func pollHealth(ctx context.Context, addr netip.AddrPort, first chan<- struct{}) (h health) {
	hc := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: healthLimit}
	began := time.Now()
	pace := time.NewTicker(healthEvery)
	defer pace.Stop()
	var took []time.Duration
	defer func() {
		l := latencyOf(took)
		h.P50, h.P99, h.Slowest = l.P50, l.P99, l.Max
	}()
	for ctx.Err() == nil {
		asked := time.Now()
		err := askHealth(ctx, hc, addr)
		switch {
		case err != nil && ctx.Err() != nil: // cut off by ourselves
		case err == nil:
			if h.Answers++; h.Answers == 1 {
				h.First = millis(time.Since(began))
				if first != nil {
					close(first)
				}
			}
			took = append(took, time.Since(asked))
		case h.Answers > 0:
			h.Failed++
		}
		select {
		case <-pace.C:
		case <-ctx.Done():
		}
	}
	return h
}

func askHealth(ctx context.Context, hc *http.Client, addr netip.AddrPort) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr.String()+"/health", nil)
	if err != nil {
		return err
	}
	resp, err := hc.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return wsconn.StatusError(resp.StatusCode)
	}
	return nil
}
