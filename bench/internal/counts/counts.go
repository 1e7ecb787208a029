// Package counts is what the measured server says of itself when it is watched for long.
//
// # Terms
//
// Levels are how many there are now; counters go up from the start. A fault is a counter that stays away as long as nothing goes wrong: its name begins
// with [Fault].
//
// # Order
//
// Levels are read one after the other: under load they are not of one moment.
//
// # Limits
//
// Presences are counted in the topics that the question names, presence:0 to presence:N-1, by ?presence=N.
//
// # Source
//
// Written for bench/churn.
package counts

// Path is where they are served.
const Path = "/debug/counts"

// Names of counters that are asked for by name.
const (
	CrashesAsked = "crashes asked for"
	Fault        = "fault: "
)

// Counts are levels and counters.
type Counts struct {
	Goroutines int              `json:"goroutines"`
	Processes  int              `json:"processes"`
	Topics     int              `json:"topics"` // that somebody is subscribed to
	Presences  int              `json:"presences"`
	WebSockets int              `json:"websockets"`
	LongPolls  int              `json:"longpolls"`
	Counters   map[string]int64 `json:"counters"`
}
