// Package telemetry tells an application what the framework does: typed
// events, handlers attached to them, and the log lines written from them.
//
// # Terms
//
//   - An event is a plain struct with a dotted name (see [Event]). The
//     framework's own events are named "bennu.…"; applications define theirs
//     in the same way.
//   - A [Telemetry] is the value that knows the handlers. It stands in the
//     Config of everything that emits. Nil is a valid one that is off.
//   - Emitting ([Emit]) calls the handlers of the event's type, then those that
//     were attached to every event.
//   - A handler is a function attached with [Attach], for one type of event, or
//     with [Telemetry.AttachAll]. What attaching returns detaches.
//   - [Log] is a set of handlers that writes log lines, with secrets taken out
//     of parameters by a [Filter].
//
// # Order
//
// Handlers run on the goroutine that emits, before Emit returns, in the order
// in which they were attached; the handlers of the type come before those of
// all events. Two goroutines may be in one handler at the same time, so a
// handler synchronises its own state. No lock is held while a handler runs, so
// it may emit, attach and detach. A change of the set of handlers is seen by
// every emission that begins after Attach or detach returned; an emission that
// had begun before may still call a handler that has just been detached.
//
// The framework emits from paths that serve many connections: a handler must
// not block and should hand slow work to a goroutine of its own.
//
// # Limits
//
// Emitting costs a few nanoseconds and no allocation when Telemetry is nil or
// when nothing is attached for the event, and no allocation for handlers
// of the event's own type. A handler of all events costs one allocation per
// emission, which boxes the event.
//
// Byte slices in an event (parameters, stacks) are borrowed: they are valid
// until the handler returns and are not to be changed. A handler that keeps one
// clones it.
//
// A handler that panics is detached, reported once on the Logger, and never
// seen by the emitter. This is the one border besides those of proc, supervise,
// endpoint and the connection engine where a panic is recovered: an observer
// must not be able to harm what it observes. A handler that calls
// runtime.Goexit ends the goroutine that emits; nothing can prevent that.
//
// The limits of log lines (samples per window, length of names, parameters and
// stacks) stand at [LogConfig].
//
// # Source
//
// Phoenix 1.8: the events of Phoenix.Logger and its parameter filter; the
// detaching of failed handlers is that of the Erlang telemetry library. Events
// for pushes, broadcasts, disconnects, slow clients, mailboxes, crashes and
// restarts have no counterpart there.
package telemetry
