package orset

// Kind is what a [Message] is for.
type Kind uint8

const (
	// Heartbeat tells all others that From is up, how far it knows everybody
	// (Context), and what it did since the last one that had news (Delta; nil
	// if nothing).
	Heartbeat Kind = iota + 1
	// Request asks one other for what the sender, who knows Context, lacks.
	Request
	// Answer brings it. ID is the request's.
	Answer
	// Farewell tells all others that From leaves for good.
	Farewell
)

// Message is what replicas send each other.
type Message[M any] struct {
	Kind    Kind
	From    Replica
	ID      uint64    // Request and Answer
	Context Context   // Heartbeat and Request
	Delta   *Delta[M] // Heartbeat (or nil) and Answer
}

// Envelope is a message and where it goes.
type Envelope[M any] struct {
	To      string // the name of a node; empty means all but the sender
	Message Message[M]
}
