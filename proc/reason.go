package proc

import (
	"errors"
	"fmt"
)

// The reasons for which processes end. Compare with errors.Is.
var (
	// ErrNormal is the reason of a process that had nothing more to do. Returned from a callback, it ends the process.
	ErrNormal = errors.New("normal")
	// ErrShutdown is the reason of a process told to end in order, by its supervisor or its System.
	// Reasons made by [Shutdown] are ErrShutdown too.
	ErrShutdown = errors.New("shutdown")
	// ErrKilled ends a process without its Terminate callback.
	ErrKilled = errors.New("killed")
	// ErrOverloaded is the reason of a process whose mailbox was full when a message came that must not be lost silently.
	ErrOverloaded = errors.New("overloaded")
)

// The errors of talking to a process.
var (
	// ErrNoProcess says that the process has ended, or ended before it answered.
	ErrNoProcess = errors.New("proc: no such process")
	// ErrFull says that the mailbox holds as many messages as it may. The message was not taken.
	ErrFull = errors.New("proc: mailbox is full")
	// ErrCallSelf says that a process called itself: it could never answer.
	ErrCallSelf = errors.New("proc: a process cannot Call itself; use Send, or call the function directly")
	// ErrTooManyProcesses says that the System holds MaxProcesses already.
	ErrTooManyProcesses = errors.New("proc: too many processes (see proc.Config.MaxProcesses)")
	// ErrClosed says that the System is closed.
	ErrClosed = errors.New("proc: the system is closed")
)

type shutdownReason struct{ why string }

func (r *shutdownReason) Error() string        { return "shutdown: " + r.why }
func (r *shutdownReason) Is(target error) bool { return target == ErrShutdown }

// Shutdown makes a reason for an orderly end that says why: Erlang's {shutdown, why}.
// Reasons are compared by errors.Is with [ErrShutdown], or as values: keep one in a variable.
func Shutdown(why string) error { return &shutdownReason{why} }

// Orderly reports whether a process with this reason ended as intended: nil, ErrNormal or a shutdown.
func Orderly(reason error) bool {
	return reason == nil || errors.Is(reason, ErrNormal) || errors.Is(reason, ErrShutdown)
}

// A PanicError is the exit reason of a process whose callback panicked.
type PanicError struct {
	Value any    // what panic was called with
	Stack []byte // of the goroutine, where it panicked
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap gives the panic's value if it was an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}
