package transport

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/telemetry"
)

// Who publishes faster than can be written waits for room, and in the end the message is dropped: memory stays bounded.
func TestPublishersWaitForTheShard(t *testing.T) {
	onPipes(t, WebSocketConfig{MaxQueued: 1 << 30}, func(h *harness) {
		tel := telemetry.New(telemetry.Config{})
		dropped := 0
		telemetry.Attach(tel, func(_ context.Context, e telemetry.BroadcastDropped) { dropped++ })
		h.env.Shards.Observe(nil, tel)
		p := h.connect("")
		synctest.Wait()
		s := waitSession(h).conn.Shard()
		hold := make(chan struct{})
		s.PostFunc(func() { <-hold })
		m, _ := pubsub.NewEvent("all", "big", []byte(`{"x":"`+strings.Repeat("x", 1<<20)+`"}`))
		const fits = maxBacklogBytes / (1 << 20)
		began := time.Now()
		for range fits - 1 { // a payload is a little more than a MiB
			h.env.PubSub.Broadcast(m, nil)
		}
		if d := time.Since(began); d != 0 {
			t.Errorf("publishing what fits took %v", d)
		}
		h.env.PubSub.Broadcast(m, nil)
		if d := time.Since(began); d != patience || dropped != 1 {
			t.Errorf("publishing into a full backlog took %v and dropped %d, want %v and 1", d, dropped, patience)
		}
		done := make(chan time.Duration)
		go func() { h.env.PubSub.Broadcast(m, nil); done <- time.Since(began) }()
		time.Sleep(time.Second)
		close(hold)
		if d := <-done; d != patience+time.Second || dropped != 1 {
			t.Errorf("the waiting publisher went on after %v, %d dropped, want %v and 1", d, dropped, patience+time.Second)
		}
		synctest.Wait()
		for range fits {
			if _, _, err := p.read(); err != nil {
				t.Fatal(err)
			}
		}
		s.backlog.mu.Lock()
		if s.backlog.writes != 0 || s.backlog.bytes != 0 {
			t.Errorf("an idle shard counts %d writes and %d bytes", s.backlog.writes, s.backlog.bytes)
		}
		s.backlog.mu.Unlock()
		p.nc.Close()
	})
}

// A shard that publishes itself cannot wait for itself.
func TestAShardDoesNotWaitForItself(t *testing.T) {
	onPipes(t, WebSocketConfig{MaxQueued: 1 << 30}, func(h *harness) {
		p := h.connect("")
		synctest.Wait()
		s := waitSession(h).conn.Shard()
		m, _ := pubsub.NewEvent("all", "big", []byte(`{"x":"`+strings.Repeat("x", 40<<20)+`"}`))
		began := time.Now()
		s.PostFunc(func() {
			h.env.PubSub.Broadcast(m, nil)
			h.env.PubSub.Broadcast(m, nil) // no room
		})
		synctest.Wait()
		if d := time.Since(began); d != 0 {
			t.Errorf("it waited %v", d)
		}
		p.nc.Close()
	})
}
