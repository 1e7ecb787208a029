package supervise

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/telemetry"
)

// reporter tells of the children of one supervisor, each thing once in the log and once as an event.
type reporter struct {
	name   string
	logger *slog.Logger
	tel    *telemetry.Telemetry
}

// exited reports an end. A process that had been ready has been reported by package proc.
func (r *reporter) exited(child string, reason error, asked, isProcess bool) {
	ctx := context.Background()
	var stack []byte
	if pe := (*proc.PanicError)(nil); errors.As(reason, &pe) && !isProcess {
		stack = pe.Stack
	}
	if proc.Orderly(reason) || asked && (errors.Is(reason, context.Canceled) || errors.Is(reason, context.DeadlineExceeded)) {
		reason = nil
	}
	telemetry.Emit(ctx, r.tel, telemetry.ChildExited{Supervisor: r.name, Child: child, Reason: reason, Stack: stack})
	level := slog.LevelError
	inner := (*ChildError)(nil)
	switch {
	case reason == nil || isProcess:
		level = slog.LevelDebug
	case errors.As(reason, &inner): // reported where it happened
		level = slog.LevelWarn
	}
	if !r.logger.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{slog.String("supervisor", r.name), slog.String("child", child)}
	if reason != nil {
		attrs = append(attrs, slog.String("reason", reason.Error()))
	}
	if stack != nil {
		attrs = append(attrs, slog.String("stack", string(stack)))
	}
	r.logger.LogAttrs(ctx, level, "child exited", attrs...)
}

func (r *reporter) restarted(child string, reason error, restarts int) {
	ctx := context.Background()
	telemetry.Emit(ctx, r.tel, telemetry.ChildRestarted{Supervisor: r.name, Child: child, Reason: reason, Restarts: restarts})
	attrs := []slog.Attr{slog.String("supervisor", r.name), slog.String("child", child), slog.Int("restarts", restarts)}
	if reason != nil {
		attrs = append(attrs, slog.String("reason", reason.Error()))
	}
	r.logger.LogAttrs(ctx, slog.LevelWarn, "child restarted", attrs...)
}

// gaveUp reports an escalation and returns the error with which the supervisor ends.
func (r *reporter) gaveUp(child string, reason error, restarts int, i *intensity) error {
	ctx := context.Background()
	telemetry.Emit(ctx, r.tel, telemetry.SupervisorGaveUp{Supervisor: r.name, Child: child, Reason: reason, Restarts: restarts, Max: i.max, Window: i.within})
	err := &ChildError{Supervisor: r.name, Child: child, GaveUp: true, Reason: reason}
	if reason == nil {
		err.Reason = proc.ErrNormal
	}
	r.logger.LogAttrs(ctx, slog.LevelError, "supervisor gave up", slog.String("supervisor", r.name), slog.String("child", child),
		slog.Int("max_restarts", i.max), slog.Duration("within", i.within), slog.String("reason", err.Reason.Error()))
	return err
}

func (r *reporter) abandoned(child string, after time.Duration, trace []byte) {
	ctx := context.Background()
	telemetry.Emit(ctx, r.tel, telemetry.CallbackAbandoned{Process: r.name + "/" + child, Stack: trace, After: after})
	r.logger.LogAttrs(ctx, slog.LevelError, "child abandoned: it did not end after its context was cancelled",
		slog.String("supervisor", r.name), slog.String("child", child), slog.Duration("after", after), slog.String("stack", string(trace)))
}
