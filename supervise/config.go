package supervise

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/telemetry"
)

// Strategy says which children are started again when one fails.
type Strategy uint8

const (
	// OneForOne starts the failed child again. It is the default.
	OneForOne Strategy = iota
	// OneForAll stops all others and starts all again: children that cannot live without one another.
	OneForAll
	// RestForOne stops those after the failed child and starts it and them again: children that depend on those before them.
	RestForOne
)

func (s Strategy) String() string {
	return [...]string{"one_for_one", "one_for_all", "rest_for_one"}[s]
}

// AutoShutdown says whether the end of significant children ends the supervisor, in order.
type AutoShutdown uint8

const (
	// Never is the default.
	Never AutoShutdown = iota
	// AnySignificant ends the supervisor when a significant child has ended by itself and is not started again.
	AnySignificant
	// AllSignificant ends it when the last of them has.
	AllSignificant
)

// Config of a Supervisor. The zero Config works, but for the name.
type Config struct {
	// Name stands in errors, logs and listings. Empty means "supervisor".
	Name string
	// Strategy is OneForOne by default.
	Strategy Strategy
	// MaxRestarts within the window Within are repaired, the next one is escalated. Zero means 3; negative means that no restart is.
	// A restart is one event, however many children it starts. A restart as old as Within no longer counts.
	MaxRestarts int
	// Within is the window. Zero means 5 seconds.
	Within time.Duration
	// StopTimeout of children that set none. Zero means 5 seconds; negative is Infinity.
	StopTimeout time.Duration
	// AutoShutdown is Never by default.
	AutoShutdown AutoShutdown
	// System is where process children live. It is needed for them only.
	System *proc.System
	// Logger gets failures, restarts, escalation and abandoned children. Nil means slog.Default(), taken in New.
	Logger *slog.Logger
	// Telemetry gets ChildExited, ChildRestarted, SupervisorGaveUp and CallbackAbandoned. Nil is off.
	Telemetry *telemetry.Telemetry
}

func (c Config) withDefaults() Config {
	if c.Name == "" {
		c.Name = "supervisor"
	}
	c.MaxRestarts, c.Within, c.StopTimeout = defaults(c.MaxRestarts, c.Within, c.StopTimeout)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

func defaults(maxRestarts int, within, stop time.Duration) (int, time.Duration, time.Duration) {
	switch {
	case maxRestarts == 0:
		maxRestarts = 3
	case maxRestarts < 0:
		maxRestarts = 0
	}
	if within <= 0 {
		within = 5 * time.Second
	}
	if stop == 0 {
		stop = DefaultStopTimeout
	}
	return maxRestarts, within, stop
}

// validate finds wrong wiring. Run returns it, so that the tree says it when it starts.
func (c Config) validate(children []Child) error {
	if c.Strategy > RestForOne || c.AutoShutdown > AllSignificant {
		return fmt.Errorf("supervise: %s: no such Strategy or AutoShutdown", c.Name)
	}
	names := make(map[string]bool, len(children))
	for i := range children {
		child := &children[i]
		err := child.validate()
		switch {
		case child.Name == "":
			err = fmt.Errorf("child %d needs a Name", i)
		case names[child.Name]:
			err = errors.New("two children have this name")
		case err == nil && child.Process != nil && c.System == nil:
			err = errors.New("a Process child needs Config.System")
		case err == nil && child.Significant && c.AutoShutdown == Never:
			err = errors.New("Significant means nothing unless Config.AutoShutdown is set")
		}
		if err != nil {
			return &ChildError{Supervisor: c.Name, Child: child.Name, Reason: err}
		}
		names[child.Name] = true
	}
	return nil
}
