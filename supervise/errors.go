package supervise

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrAbandoned is the reason of a supervisor that had to leave a child behind which did not end within its stop time-out.
	ErrAbandoned = errors.New("did not stop in time and was abandoned")
	// ErrRunning says that Run was called while the last Run, or a child that it abandoned, still runs.
	ErrRunning = errors.New("still runs")
	// ErrNotRunning says that a Dynamic or Tasks is not running: start it, as a child of a Supervisor, before it is used.
	ErrNotRunning = errors.New("not running")
	// ErrMaxChildren says that a Dynamic has as many children as it may: see DynamicConfig.MaxChildren.
	ErrMaxChildren = errors.New("too many children")
	// ErrMaxTasks says that there are as many tasks as there may be: see TasksConfig.MaxTasks.
	ErrMaxTasks = errors.New("too many tasks")

	errNotReady  = errors.New("ended before it was ready")
	errNoService = errors.New("Start returned no service")
	errNoProcess = errors.New("Process returned no process")
	errGoexit    = errors.New("called runtime.Goexit")
)

// timeoutError says that a child was not ready in time.
type timeoutError struct{ after time.Duration }

func (e timeoutError) Error() string { return fmt.Sprintf("not ready within %v", e.after) }

// A ChildError is what Run returns when a child is why the supervisor ended. Errors of nested supervisors nest.
type ChildError struct {
	Supervisor string
	Child      string
	GaveUp     bool  // the child needed more restarts than the intensity allows
	Reason     error // why the child, or the attempt to start or stop it, failed
}

func (e *ChildError) Error() string { return "supervise: " + e.path() }

// Unwrap gives the reason.
func (e *ChildError) Unwrap() error { return e.Reason }

// leftBehind says whether a child that is a supervisor ended with something abandoned below it: it must not be started again beside that.
func leftBehind(reason error) bool {
	ce := (*ChildError)(nil)
	return errors.As(reason, &ce) && errors.Is(ce, ErrAbandoned)
}

func (e *ChildError) path() string {
	text := e.Supervisor + "/" + e.Child
	if e.GaveUp {
		text += ": restarted too often"
	}
	if inner, ok := e.Reason.(*ChildError); ok {
		return text + ": " + inner.path()
	}
	return fmt.Sprintf("%s: %v", text, e.Reason)
}
