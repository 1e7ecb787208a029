package main

import (
	"fmt"
	"strconv"
	"time"
)

// scenario is one way to drive a server.
type scenario struct {
	name   string // what -only matches
	title  string
	target string // what is wanted, in words
	floor  string // the server that ratios are taken against; "" if no floor can do this
	args   []string
	limit  time.Duration // for one run of the generator
	conns  int
	// settles asks for memory after GET /debug/settle while the connections
	// are held.
	settles bool
	columns []column
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
	small, big int           // connections
	warm, dur  time.Duration // of fan-out and echo
	hold       time.Duration // of idle connections
}

// opening bounds how long a server may take for all connects and joins: 10,000
// take Phoenix about 5 s.
const opening = time.Minute

func scenarios(s size) []scenario {
	flags := func(mode string, n int, more ...string) []string {
		return append([]string{"-mode", mode, "-n", strconv.Itoa(n), "-maxopen", opening.String()}, more...)
	}
	timed := []string{"-warm", s.warm.String(), "-dur", s.dur.String()}
	// What is added covers the generator's own start and its wait for the last
	// deliveries.
	limit := opening + s.warm + s.dur + 20*time.Second

	fanout := func(name string, n int) scenario {
		return scenario{
			name:   name,
			title:  fmt.Sprintf("Fan-out to %s, 100-byte payload, one broadcast at a time", group(n)),
			target: "CPU per delivery at most 1.15 × the floor, whole fan-out (p50) at most 1.2 ×",
			floor:  "epoll", args: append(flags("fanout", n, "-window", "1"), timed...), limit: limit, conns: n,
			columns: []column{
				{"cpu_us_per_delivery", "CPU µs/delivery", 2, true},
				{"full_p50_ms", "whole p50 ms", 2, true},
				{"full_p99_ms", "whole p99 ms", 2, false},
				{"delivered_per_s", "deliveries/s", 0, false},
			},
		}
	}
	echo := func(name string, n, topics int) scenario {
		return scenario{
			name:   name,
			title:  fmt.Sprintf("Echo on %s connections, 100-byte payload, one request outstanding each", group(n)),
			target: "rate at least 0.8 × the floor, p99 at most 1.3 ×",
			floor:  "epoll", args: append(flags("echo", n, "-topics", strconv.Itoa(topics)), timed...), limit: limit, conns: n,
			columns: []column{
				{"echo_per_s", "echoes/s", 0, true},
				{"server_cpu_us_per_msg", "CPU µs/echo", 2, true},
				{"lat_p50_ms", "p50 ms", 3, false},
				{"lat_p99_ms", "p99 ms", 3, true},
			},
		}
	}
	return []scenario{
		{
			name:   "idle",
			title:  fmt.Sprintf("Idle memory, connect and join: %s connections over %s topics", group(s.big), group(s.small)),
			target: "connect and join at least 0.8 × the hijack floor; settled under 700 B, as found under 1,100 B (portable path under 6,000 B)",
			floor:  "hijack", args: flags("idle", s.big, "-topics", strconv.Itoa(s.small), "-idle", s.hold.String()),
			limit: limit + s.hold, conns: s.big, settles: true,
			columns: []column{
				{"settled_B_per_conn", "settled B/conn", 0, false},
				{"rss_open_B_per_conn", "as found B/conn", 0, false},
				{"join_per_s", "connect+join/s", 0, true},
				{"server_cpu_us_per_join", "CPU µs/join", 1, true},
				{"join_p50_ms", "join p50 ms", 2, false},
				{"join_p99_ms", "join p99 ms", 2, false},
			},
		},
		fanout("fanout-small", s.small),
		fanout("fanout-big", s.big),
		echo("echo-10", 10, 10),
		echo("echo-big", s.big, s.small),
		{
			name:   "presence",
			title:  fmt.Sprintf("Presence: %s clients join one topic", group(s.small)),
			target: "all have seen all in under 2 s",
			args:   flags("presence", s.small), limit: opening + 20*time.Second, conns: s.small,
			columns: []column{
				{"all_joined_s", "all joined s", 2, false},
				{"all_seen_s", "all seen s", 2, false},
				{"diff_msgs", "diff messages", 0, false},
				{"server_cpu_s", "server CPU s", 2, false},
			},
		},
	}
}

// isFloor knows the floors by name; no other server may have theirs.
func isFloor(name string) bool { return name == "epoll" || name == "hijack" }
