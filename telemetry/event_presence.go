package telemetry

import "time"

// PresenceDiff is emitted when a presence diff of one topic is handed to the
// subscribers of this node.
type PresenceDiff struct {
	Topic  string
	Joins  int // metas that joined
	Leaves int // metas that left
}

// EventName returns "bennu.presence.diff".
func (PresenceDiff) EventName() string { return "bennu.presence.diff" }

// States of [PresenceReplica].
const (
	ReplicaUp       = "up"             // heard of for the first time, or again
	ReplicaDown     = "down"           // silent for longer than the down period
	ReplicaPermDown = "permanent_down" // silent for so long that it is forgotten, or it said goodbye
)

// PresenceReplica is emitted when the tracker's opinion of another node changes.
type PresenceReplica struct {
	Replica string // name of the node
	State   string // ReplicaUp, ReplicaDown or ReplicaPermDown
}

// EventName returns "bennu.presence.replica".
func (PresenceReplica) EventName() string { return "bennu.presence.replica" }

// FetchFailed is emitted when an application's presence fetch returned an error,
// panicked or took too long. The diff goes out without what it would have added.
type FetchFailed struct {
	Presence string // name of the presence
	Topic    string
	Keys     int           // keys that were asked for
	Duration time.Duration // time spent in the fetch
	Err      error
}

// EventName returns "bennu.presence.fetch_failed".
func (FetchFailed) EventName() string { return "bennu.presence.fetch_failed" }
