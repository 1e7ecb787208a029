package telemetry

import "time"

// MailboxOverflow is emitted when a process ends, or a message to it is
// refused, because its mailbox is full.
type MailboxOverflow struct {
	Process string // the process's label
	ID      uint64 // its id on this node
	Limit   int    // messages that the mailbox holds
}

// EventName returns "bennu.process.mailbox_overflow".
func (MailboxOverflow) EventName() string { return "bennu.process.mailbox_overflow" }

// ProcessCrashed is emitted once for every process that ended by a panic or by
// an unexpected error. A normal exit, a shutdown and the loss of the client are
// no crashes. Its log line is written by proc itself, not by [Log].
type ProcessCrashed struct {
	Process string // the process's label
	ID      uint64 // its id on this node
	Reason  error  // the error, or the panic as an error
	Stack   []byte // stack of the panic, borrowed; nil for an error
}

// EventName returns "bennu.process.crashed".
func (ProcessCrashed) EventName() string { return "bennu.process.crashed" }

// CallbackAbandoned is emitted when a callback or a service has ignored the
// cancellation of its context for longer than its stop time-out. Go cannot end
// a goroutine from outside, so it goes on running, unwatched. Its log line is
// written by whoever emits it, not by [Log].
type CallbackAbandoned struct {
	Process string        // the label of the process or the name of the child
	Stack   []byte        // where it is stuck, borrowed; nil if not known
	After   time.Duration // how long it was waited for
}

// EventName returns "bennu.process.callback_abandoned".
func (CallbackAbandoned) EventName() string { return "bennu.process.callback_abandoned" }

// ChildExited is emitted when a child of a supervisor has ended, for whatever
// reason, also when the supervisor stopped it.
type ChildExited struct {
	Supervisor string
	Child      string
	Reason     error  // nil for a normal exit and for one that the supervisor asked for
	Stack      []byte // stack of the panic, borrowed; nil if there was none, or if a ProcessCrashed has reported it
}

// EventName returns "bennu.supervisor.child_exited".
func (ChildExited) EventName() string { return "bennu.supervisor.child_exited" }

// ChildRestarted is emitted when a supervisor has started a child again.
type ChildRestarted struct {
	Supervisor string
	Child      string
	Reason     error // why the child had ended
	Restarts   int   // restarts of this supervisor within its window, this one included
}

// EventName returns "bennu.supervisor.child_restarted".
func (ChildRestarted) EventName() string { return "bennu.supervisor.child_restarted" }

// SupervisorGaveUp is emitted when a supervisor ends because its children
// needed more restarts within its window than it allows.
type SupervisorGaveUp struct {
	Supervisor string
	Child      string        // the child whose exit was one too many
	Reason     error         // why that child had ended
	Restarts   int           // restarts within the window
	Max        int           // restarts allowed
	Window     time.Duration // length of the window
}

// EventName returns "bennu.supervisor.gave_up".
func (SupervisorGaveUp) EventName() string { return "bennu.supervisor.gave_up" }
