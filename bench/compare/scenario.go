package main

import (
	"fmt"
	"strconv"
	"time"
)

// scenario is one way to drive a server.
type scenario struct {
	name  string // what -only matches
	title string
	floor string // the server that ratios are taken against; "" if no floor can do this
	args  []string
	limit time.Duration // for one run of the generator
	conns int
	// settles asks for memory after GET /debug/settle while the connections
	// are held.
	settles bool
	columns []column
	budgets []budget
}

// column is one figure of a scenario.
type column struct {
	key      string // in the sample
	head     string
	decimals int
	ratio    bool // followed by a column with the ratio to the floor
}

// size is how much one comparison measures.
type size struct {
	small, big, most int           // connections
	warm, dur        time.Duration // of fan-out and echo
	hold             time.Duration // of idle connections
}

const (
	// opening bounds how long a server may take for all connects and joins:
	// 10,000 take Phoenix about 5 s.
	opening = time.Minute
	// window is how many broadcasts of a burst are outstanding at once.
	window = 50
)

// scenarios are the rows of the design's table that connections can answer.
func scenarios(s size) []scenario {
	return []scenario{
		s.idle("idle", s.big), s.idle("idle-most", s.most),
		s.fanOut("fanout-small", s.small), s.fanOut("fanout-big", s.big), s.fanOut("fanout-most", s.most),
		s.burst(),
		s.echo("echo-10", 10, 10), s.echo("echo-big", s.big, s.small),
		s.presence(),
	}
}

func (s size) idle(name string, n int) scenario {
	return scenario{
		name:  name,
		title: fmt.Sprintf("Idle memory, connect and join: %s connections over %s topics", group(n), group(s.small)),
		floor: "hijack", args: flags("idle", n, "-topics", strconv.Itoa(s.small), "-idle", s.hold.String()),
		limit: s.limit() + s.hold, conns: n, settles: true,
		columns: []column{
			{"settled_B_per_conn", "settled B/conn", 0, false},
			{"rss_open_B_per_conn", "as found B/conn", 0, false},
			{"join_per_s", "connect+join/s", 0, true},
			{"server_cpu_us_per_join", "CPU µs/join", 1, true},
			{"join_p50_ms", "join p50 ms", 2, false},
			{"join_p99_ms", "join p99 ms", 2, false},
		},
		budgets: []budget{
			{key: "settled_B_per_conn", most: 700, servers: []string{poller}},
			{key: "rss_open_B_per_conn", most: 1_100, servers: []string{poller}},
			{key: "settled_B_per_conn", most: 6_000, servers: []string{portable}},
			{key: "settled_B_per_conn", most: 12_000, servers: []string{secure}},
			{key: "join_per_s", ratio: true, least: 0.8, servers: plain},
		},
	}
}

func (s size) fanOut(name string, n int) scenario {
	return scenario{
		name:  name,
		title: fmt.Sprintf("Fan-out to %s, 100-byte payload, one broadcast at a time", group(n)),
		floor: "epoll", args: s.timed("fanout", n, "-window", "1"), limit: s.limit(), conns: n,
		columns: []column{
			{"cpu_us_per_delivery", "CPU µs/delivery", 2, true},
			{"full_p50_ms", "whole p50 ms", 2, true},
			{"full_p99_ms", "whole p99 ms", 2, false},
			{"delivered_per_s", "deliveries/s", 0, false},
		},
		budgets: []budget{
			{key: "cpu_us_per_delivery", ratio: true, most: 1.15, servers: plain},
			{key: "full_p50_ms", ratio: true, most: 1.2, servers: plain},
		},
	}
}

// burst is fan-out with a backlog, where messages of one connection can share a
// write. The floor writes each by itself. The design asks for "well below" its
// cost; half is what is taken for that here.
func (s size) burst() scenario {
	return scenario{
		name:  "burst",
		title: fmt.Sprintf("Merged bursts: fan-out to %s with %d broadcasts outstanding, 100-byte payload", group(s.small), window),
		floor: "epoll", args: s.timed("fanout", s.small, "-window", strconv.Itoa(window)), limit: s.limit(), conns: s.small,
		columns: []column{
			{"cpu_us_per_delivery", "CPU µs/delivery", 3, true},
			{"delivered_per_s", "deliveries/s", 0, true},
			{"msgs_per_read", "messages a read", 1, false},
			{"full_p50_ms", "whole p50 ms", 2, false},
		},
		budgets: []budget{{key: "cpu_us_per_delivery", ratio: true, most: 0.5, servers: plain}},
	}
}

func (s size) echo(name string, n, topics int) scenario {
	return scenario{
		name:  name,
		title: fmt.Sprintf("Echo on %s connections, 100-byte payload, one request outstanding each", group(n)),
		floor: "epoll", args: s.timed("echo", n, "-topics", strconv.Itoa(topics)), limit: s.limit(), conns: n,
		columns: []column{
			{"echo_per_s", "echoes/s", 0, true},
			{"server_cpu_us_per_msg", "CPU µs/echo", 2, true},
			{"lat_p50_ms", "p50 ms", 3, false},
			{"lat_p99_ms", "p99 ms", 3, true},
		},
		budgets: []budget{
			{key: "echo_per_s", ratio: true, least: 0.8, servers: plain},
			{key: "lat_p99_ms", ratio: true, most: 1.3, servers: plain},
		},
	}
}

func (s size) presence() scenario {
	return scenario{
		name:  "presence",
		title: fmt.Sprintf("Presence: %s clients join one topic", group(s.small)),
		args:  flags("presence", s.small), limit: opening + 20*time.Second, conns: s.small,
		columns: []column{
			{"all_joined_s", "all joined s", 2, false},
			{"all_seen_s", "all seen s", 2, false},
			{"diff_msgs", "diff messages", 0, false},
			{"server_cpu_s", "server CPU s", 2, false},
		},
		budgets: []budget{{key: "all_seen_s", most: 2, servers: plain}},
	}
}

// limit of a run: what is added covers the generator's own start and its wait
// for the last deliveries.
func (s size) limit() time.Duration { return opening + s.warm + s.dur + 20*time.Second }

func (s size) timed(mode string, n int, more ...string) []string {
	return append(flags(mode, n, more...), "-warm", s.warm.String(), "-dur", s.dur.String())
}

func flags(mode string, n int, more ...string) []string {
	return append([]string{"-mode", mode, "-n", strconv.Itoa(n), "-maxopen", opening.String()}, more...)
}

func (sc scenario) column(key string) column {
	for _, c := range sc.columns {
		if c.key == key {
			return c
		}
	}
	panic("compare: scenario " + sc.name + " has a budget for " + key + ", which it does not show")
}
