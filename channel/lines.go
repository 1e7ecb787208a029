package channel

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	linesBurst  = 10 // lines of one text in a window
	linesWindow = time.Minute
)

// lines bounds what clients can have written to the log: 10 lines of each text a minute. How many were left out is said by the first line of a later minute.
type lines struct {
	mu     sync.Mutex // guards counts
	counts map[string]*lineCount
}

type lineCount struct {
	since time.Time
	n     int
}

// log writes a line if there is room. Text is a constant, so there are only a few.
func (l *lines) log(to *slog.Logger, level slog.Level, text string, attrs ...slog.Attr) {
	l.mu.Lock()
	if l.counts == nil {
		l.counts = make(map[string]*lineCount)
	}
	c, now, left := l.counts[text], time.Now(), 0
	if c == nil || now.Sub(c.since) > linesWindow {
		if c != nil {
			left = max(c.n-linesBurst, 0)
		}
		c = &lineCount{since: now}
		l.counts[text] = c
	}
	c.n++
	n := c.n
	l.mu.Unlock()
	if n > linesBurst {
		return
	}
	if left > 0 {
		attrs = append(attrs, slog.Int("suppressed", left))
	}
	to.LogAttrs(context.Background(), level, text, attrs...)
}
