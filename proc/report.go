package proc

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/bennu-go/bennu/internal/stack"
	"github.com/bennu-go/bennu/telemetry"
)

const (
	crashWindow = time.Minute
	crashBurst  = 10  // lines about one label in a window
	crashTotal  = 100 // lines about all labels in a window: a thousand topics that crash are one trouble
)

// crashLog lets one line per crash through until there are too many: then it counts, and the first line of the next window says how many were left out.
type crashLog struct {
	logger *slog.Logger
	mu     sync.Mutex // guards the fields below
	since  time.Time  // when the window began
	lines  int        // written in it
	left   int        // left out of it
	labels map[string]int
}

func (c *crashLog) allow(label string) (ok bool, suppressed int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.labels == nil || time.Since(c.since) > crashWindow {
		suppressed = c.left
		c.since, c.lines, c.left, c.labels = time.Now(), 0, 0, make(map[string]int)
	}
	if c.lines >= crashTotal || c.labels[label] >= crashBurst {
		c.left++
		return false, suppressed
	}
	c.lines++
	c.labels[label]++ // no more labels than lines
	return true, suppressed
}

// crashed reports the end of p by a crash, once.
func (s *System) crashed(p *Process, reason error) {
	label := p.Label()
	var stack []byte
	if pe := (*PanicError)(nil); errors.As(reason, &pe) {
		stack = pe.Stack
	}
	telemetry.Emit(context.Background(), s.cfg.Telemetry, telemetry.ProcessCrashed{Process: label, ID: p.id, Reason: reason, Stack: stack})
	ok, suppressed := s.crashes.allow(label)
	if !ok {
		return
	}
	attrs := []slog.Attr{slog.String("process", label), slog.Uint64("id", p.id), slog.String("reason", reason.Error())}
	if stack != nil {
		attrs = append(attrs, slog.String("stack", string(stack)))
	}
	if suppressed > 0 {
		attrs = append(attrs, slog.Int("suppressed", suppressed))
	}
	s.cfg.Logger.LogAttrs(context.Background(), slog.LevelError, "process crashed", attrs...)
}

func (s *System) overflow(p *Process) {
	telemetry.Emit(context.Background(), s.cfg.Telemetry, telemetry.MailboxOverflow{Process: p.Label(), ID: p.id, Limit: int(p.box.limit)})
}

// maxAbandoned bounds the lines about callbacks that did not return; the rest are counted.
const maxAbandoned = 20

// abandonAll reports what did not return when the System wanted to be gone. All stacks are taken at once: the world stops once.
func (s *System) abandonAll() {
	ctx := context.Background()
	traces, busy := stack.All(), s.workers.busy()
	n := 0
	for p := range s.Processes() {
		var trace []byte
		if w := busy[p]; w != nil {
			trace = traces[w.id]
		}
		telemetry.Emit(ctx, s.cfg.Telemetry, telemetry.CallbackAbandoned{Process: p.Label(), Stack: trace, After: s.cfg.StopTimeout})
		if n++; n <= maxAbandoned {
			s.cfg.Logger.LogAttrs(ctx, slog.LevelError, "callback abandoned: it did not return after its context was cancelled",
				slog.String("process", p.Label()), slog.Duration("after", s.cfg.StopTimeout), slog.String("stack", string(trace)))
		}
	}
	if n > maxAbandoned {
		s.cfg.Logger.LogAttrs(ctx, slog.LevelError, "more callbacks abandoned", slog.Int("count", n-maxAbandoned))
	}
	if n == 0 {
		s.abandonWork(ctx, traces)
	}
}

// abandonWork reports goroutines of Process.Go, whose processes have ended.
func (s *System) abandonWork(ctx context.Context, traces map[uint64][]byte) {
	n := 0
	for _, trace := range traces {
		if !bytes.Contains(trace, []byte("proc.(*Process).background(")) {
			continue
		}
		telemetry.Emit(ctx, s.cfg.Telemetry, telemetry.CallbackAbandoned{Process: "Process.Go", Stack: trace, After: s.cfg.StopTimeout})
		if n++; n <= maxAbandoned {
			s.cfg.Logger.LogAttrs(ctx, slog.LevelError, "work started by Process.Go abandoned: it did not return after its context was cancelled",
				slog.Duration("after", s.cfg.StopTimeout), slog.String("stack", string(trace)))
		}
	}
}
