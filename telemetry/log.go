package telemetry

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"
)

// LogConfig configures [Log]. The zero value works.
type LogConfig struct {
	// Logger is what lines are written to. Nil means the Logger of the
	// Telemetry.
	Logger *slog.Logger
	// Filter takes secrets out of parameters. Zero discards by "password" and
	// "token".
	Filter Filter
	// Levels chooses levels by the name of the event, such as
	// "bennu.channel.handled_in"; LogOff silences one. A level in the event
	// itself comes first. Nil leaves every event at its default.
	Levels map[string]LogLevel
	// MaxParams is the largest size in bytes of parameters that are written;
	// larger ones are replaced by their size. Zero means 8192.
	MaxParams int
	// MaxStack is the number of bytes of a stack that are written. Zero means
	// 16384.
	MaxStack int
	// SampleBurst is how many lines at warn and error level about the same
	// thing (the same event of the same route, socket or child) are
	// written within a SampleWindow. Zero means 5.
	SampleBurst int
	// SampleTotal is how many lines at warn and error level are written within
	// a SampleWindow about all things together. Zero means 100.
	SampleTotal int
	// SampleWindow is the time over which lines are counted. What a window
	// held back is told as "suppressed 982 more" with the first line of
	// whatever kind after its end, or when Log is detached. Zero means 10 seconds.
	SampleWindow time.Duration
}

func (c LogConfig) withDefaults(t *Telemetry) LogConfig {
	if c.Logger == nil {
		c.Logger = t.logger
	}
	c.Levels = maps.Clone(c.Levels)
	if c.MaxParams == 0 {
		c.MaxParams = 8 << 10
	}
	if c.MaxStack == 0 {
		c.MaxStack = 16 << 10
	}
	if c.SampleBurst == 0 {
		c.SampleBurst = 5
	}
	if c.SampleTotal == 0 {
		c.SampleTotal = 100
	}
	if c.SampleWindow == 0 {
		c.SampleWindow = 10 * time.Second
	}
	return c
}

// Log writes the framework's events as log lines, "JOINED room:1 in 92µs" and
// the like, until the function it returns is called. Pushes, broadcasts,
// presence diffs and the ends of routes and renderings have no line. With a nil
// t it does nothing.
//
// ProcessCrashed, CallbackAbandoned and what happens to a supervisor's children have no line here: a crash must be seen
// also where nobody attached a Log, so proc and supervise always write those to
// the Logger of their own Config, in bounded number, and a second line would tell nothing
// new.
//
// Durations are whole microseconds up to 1000µs and whole milliseconds above.
// Topics that start with "phoenix" are the protocol's own and have no lines.
// Names in a message that contain blanks, quotes or anything unprintable are
// quoted, and cut after 256 bytes: a client that chooses a topic cannot forge a
// line, whatever the slog.Handler does with messages.
func Log(t *Telemetry, cfg LogConfig) (detach func()) {
	if t == nil {
		return func() {}
	}
	cfg = cfg.withDefaults(t)
	w := &lineWriter{
		cfg:     cfg,
		sampler: sampler{burst: cfg.SampleBurst, total: cfg.SampleTotal, window: cfg.SampleWindow},
	}
	detaches := w.attach(t)
	return func() {
		for _, d := range detaches {
			d()
		}
		w.tellSuppressed(context.Background(), w.sampler.flush())
	}
}

// lineWriter is what the handlers of one Log share.
type lineWriter struct {
	cfg     LogConfig
	sampler sampler
}

// begin resolves the level of a line and reports whether it is to be written;
// from warn level on, lines are sampled by event and label. It comes before
// anything of the line is made, so that what is held back costs next to
// nothing, and it takes the name of the event, because the event would be boxed.
func (w *lineWriter) begin(ctx context.Context, event, label string, own, def LogLevel) (level slog.Level, ok bool) {
	if own == LogDefault && len(w.cfg.Levels) > 0 {
		own = w.cfg.Levels[event]
	}
	level, ok = own.or(def).slog()
	if !ok || !w.cfg.Logger.Enabled(ctx, level) {
		return 0, false
	}
	var held []suppressed
	if level < slog.LevelWarn {
		held = w.sampler.expired(time.Now)
	} else {
		ok, held = w.sampler.allow(sampleKey{event, label}, level, time.Now())
	}
	w.tellSuppressed(ctx, held)
	return level, ok
}

func (w *lineWriter) write(ctx context.Context, level slog.Level, msg string, attrs ...slog.Attr) {
	w.cfg.Logger.LogAttrs(ctx, level, msg, attrs...)
}

// maxSuppressedLines bounds what is told at the end of a window in which very
// many different things happened.
const maxSuppressedLines = 10

func (w *lineWriter) tellSuppressed(ctx context.Context, held []suppressed) {
	rest, level := 0, slog.LevelWarn
	for i, s := range held {
		if i < maxSuppressedLines {
			w.cfg.Logger.LogAttrs(ctx, s.level, fmt.Sprintf("suppressed %d more", s.n),
				slog.String("event", s.event), slog.String("of", cut(s.label, maxName)))
			continue
		}
		rest += s.n
		level = max(level, s.level)
	}
	if rest > 0 {
		w.cfg.Logger.LogAttrs(ctx, level, fmt.Sprintf("suppressed %d more", rest),
			slog.Int("others", len(held)-maxSuppressedLines))
	}
}

// params is the attribute of a payload. An empty one, as of a binary message,
// has no attribute.
func (w *lineWriter) params(attrs []slog.Attr, raw json.RawMessage) []slog.Attr {
	switch {
	case len(raw) == 0:
		return attrs
	case len(raw) > w.cfg.MaxParams:
		// Not even searched: a client must not buy megabytes of parsing and of
		// log with one message.
		return append(attrs, slog.String("params", fmt.Sprintf("[TOO LARGE: %d bytes]", len(raw))))
	}
	return append(attrs, slog.Any("params", w.cfg.Filter.JSON(raw)))
}

// paramMap is the attribute of parsed parameters.
func (w *lineWriter) paramMap(attrs []slog.Attr, params map[string]any) []slog.Attr {
	if params == nil {
		return attrs
	}
	raw, err := encode(w.cfg.Filter.Map(params))
	if err != nil {
		return append(attrs, slog.String("params", "[UNPRINTABLE]"))
	}
	if len(raw) > w.cfg.MaxParams {
		return append(attrs, slog.String("params", fmt.Sprintf("[TOO LARGE: %d bytes]", len(raw))))
	}
	return append(attrs, slog.Any("params", raw))
}

func (w *lineWriter) stack(attrs []slog.Attr, stack []byte) []slog.Attr {
	if len(stack) == 0 {
		return attrs
	}
	return append(attrs, slog.String("stack", cut(string(stack[:min(len(stack), w.cfg.MaxStack+1)]), w.cfg.MaxStack)))
}

// reason is the attribute of an error. The error itself is handed on, so that a
// slog.Handler can look into it.
func reason(attrs []slog.Attr, key string, err error) []slog.Attr {
	if err == nil {
		return attrs
	}
	return append(attrs, slog.Any(key, err))
}

// text adds a string attribute unless it is empty.
func text(attrs []slog.Attr, key, value string) []slog.Attr {
	if value == "" {
		return attrs
	}
	return append(attrs, slog.String(key, value))
}

// took renders a duration as log lines have it.
func took(d time.Duration) string {
	if us := d.Microseconds(); us <= 1000 {
		return strconv.FormatInt(us, 10) + "µs"
	}
	return millis(d)
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) + "ms" }

// maxName is the number of bytes of a name that a line shows.
const maxName = 256

// show returns a name in a form that cannot be taken for more than one word.
func show(name string) string {
	name = cut(name, maxName)
	if name == "" {
		return `""`
	}
	for i, r := range name {
		if r == ' ' || r == '"' || !unicode.IsPrint(r) {
			return strconv.Quote(name)
		}
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(name[i:]); size == 1 {
				return strconv.Quote(name)
			}
		}
	}
	return name
}

// cut shortens s to at most n bytes and an ellipsis, between two characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
