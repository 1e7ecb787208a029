package pubsub

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	droppedBurst  = 10          // lines in a window
	droppedWindow = time.Minute // after which the count starts anew
)

// droppedLog writes about messages that cannot be used. It is bounded, because a node of another version may send very many of them.
type droppedLog struct {
	logger *slog.Logger
	mu     sync.Mutex // guards the fields below
	since  time.Time
	n      int
}

func (d *droppedLog) warn(msg string, attrs ...slog.Attr) {
	d.mu.Lock()
	suppressed := 0
	if time.Since(d.since) > droppedWindow {
		suppressed = max(d.n-droppedBurst, 0)
		d.since, d.n = time.Now(), 0
	}
	d.n++
	ok := d.n <= droppedBurst
	d.mu.Unlock()
	if !ok {
		return
	}
	if suppressed > 0 {
		attrs = append(attrs, slog.Int("suppressed", suppressed))
	}
	d.logger.LogAttrs(context.Background(), slog.LevelWarn, msg, attrs...)
}
