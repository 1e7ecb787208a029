package main

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/bennu-go/bennu/bench/internal/counts"
	"github.com/bennu-go/bennu/endpoint"
	"github.com/bennu-go/bennu/presence"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/telemetry"
)

// asked stands in every panic that a client asked for; a crash without it is a fault.
const asked = "crash: as it was asked to"

// counters add up what the framework tells.
type counters struct {
	mu sync.Mutex // guards the field below
	of map[string]int64
}

func (c *counters) add(key string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of[key] += int64(n)
}

func (c *counters) all() map[string]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.of)
}

// observe attaches to what may go well and what may not.
func (c *counters) observe(t *telemetry.Telemetry) {
	attach(t, c, func(telemetry.SocketConnected) (string, int) { return "connects", 1 })
	attach(t, c, func(e telemetry.SocketDisconnected) (string, int) {
		return "ends " + e.Transport + " " + strconv.Itoa(e.Code), 1
	})
	attach(t, c, func(e telemetry.ChannelJoined) (string, int) { return "joins " + e.Status, 1 })
	attach(t, c, func(telemetry.ChannelHandledIn) (string, int) { return "events", 1 })
	attach(t, c, func(telemetry.ChannelExited) (string, int) { return "exits", 1 })
	attach(t, c, func(telemetry.Broadcast) (string, int) { return "broadcasts", 1 })
	attach(t, c, func(telemetry.PresenceDiff) (string, int) { return "presence diffs", 1 })
	attach(t, c, func(e telemetry.ProcessCrashed) (string, int) {
		if strings.Contains(e.Reason.Error(), asked) {
			return counts.CrashesAsked, 1
		}
		return counts.Fault + "crash of " + e.Process, 1
	})
	attach(t, c, func(e telemetry.BroadcastDropped) (string, int) {
		return counts.Fault + "broadcasts dropped", e.Members
	})
	attach(t, c, func(telemetry.SlowClient) (string, int) { return counts.Fault + "slow clients", 1 })
	attach(t, c, func(e telemetry.RequestRefused) (string, int) { return counts.Fault + "refused: " + e.Reason, 1 })
	attach(t, c, func(telemetry.RateLimited) (string, int) { return counts.Fault + "rate limited", 1 })
	attach(t, c, func(e telemetry.MailboxOverflow) (string, int) { return counts.Fault + "overflow of " + e.Process, 1 })
	attach(t, c, func(telemetry.CallbackAbandoned) (string, int) { return counts.Fault + "callbacks abandoned", 1 })
	attach(t, c, func(e telemetry.ChildRestarted) (string, int) { return counts.Fault + "restarts of " + e.Child, 1 })
}

func attach[E telemetry.Event](t *telemetry.Telemetry, c *counters, f func(e E) (key string, n int)) {
	telemetry.Attach(t, func(_ context.Context, e E) { c.add(f(e)) })
}

// counted answers [counts.Path]. Presence topics are not listed by anybody: who asks says how many there are, presence:0 and so on.
func (c *counters) counted(sys *proc.System, ps *pubsub.PubSub, online *presence.Presence[seat], ep *endpoint.Endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		topics, _ := strconv.Atoi(r.FormValue("presence"))
		stats := ep.Stats()
		at := counts.Counts{
			Goroutines: runtime.NumGoroutine(), Processes: sys.Count(), Topics: ps.Topics(),
			WebSockets: stats.WebSocket.Connections, LongPolls: stats.LongPoll.Connections,
			Counters: c.all(),
		}
		for i := range topics {
			at.Presences += online.List("presence:" + strconv.Itoa(i)).Len()
		}
		if n := stats.Refused(); n > 0 {
			at.Counters[counts.Fault+"refused by limits"] = int64(n)
		}
		if stats.AcceptErrors > 0 {
			at.Counters[counts.Fault+"accept errors"] = int64(stats.AcceptErrors)
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_ = json.NewEncoder(w).Encode(&at) // a client that has gone away is nobody's error
	}
}
