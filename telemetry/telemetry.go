package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
)

// Event is what can be emitted: usually a small struct whose method has a value
// receiver. Fields of type [time.Duration] are durations measured with the
// monotonic clock, and fields of type error are reasons, nil when all was well.
type Event interface {
	// EventName is the dotted name, the same for every value of the type,
	// such as "shop.order.paid". It must not panic on the zero value.
	EventName() string
}

// Config configures a [Telemetry]. The zero value works.
type Config struct {
	// Logger reports handlers that panicked, and is what [Log] writes to
	// unless told otherwise. Nil means slog.Default(), taken in New.
	Logger *slog.Logger
}

// Telemetry holds handlers. All functions and methods that take one accept nil,
// which has no handlers and never gets any, and may be called from any
// goroutine.
type Telemetry struct {
	logger *slog.Logger
	table  atomic.Pointer[table] // nil while nothing is attached; never changed in place

	mu sync.Mutex // serialises the writers of table
}

// table is one immutable set of handlers.
type table struct {
	typed map[reflect.Type]typed
	all   []*handler[Event]
}

// typed is a list[E] without its type parameter.
type typed interface {
	emitAny(ctx context.Context, t *Telemetry, e Event)
}

// list holds the handlers of one type of event, in the order of attachment.
type list[E Event] struct{ handlers []*handler[E] }

type handler[E Event] struct {
	call   func(context.Context, E)
	detach func()
	failed atomic.Bool // set by the first panic, so that only one is reported
}

// New makes a Telemetry with no handlers.
func New(cfg Config) *Telemetry {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	return &Telemetry{logger: cfg.Logger}
}

// Emit calls the handlers attached for events of type E, then those for all
// events. E is normally inferred. If E is an interface type, the type of the
// value in it counts, as it does for a handler of all events.
func Emit[E Event](ctx context.Context, t *Telemetry, e E) {
	if t == nil {
		return
	}
	if tab := t.table.Load(); tab != nil {
		emit(ctx, t, tab, e)
	}
}

// emit is apart from Emit so that Emit is inlined and costs two compares where
// nothing is attached.
func emit[E Event](ctx context.Context, t *Telemetry, tab *table, e E) {
	typ := reflect.TypeFor[E]()
	if l, ok := tab.typed[typ]; ok {
		for _, h := range l.(*list[E]).handlers {
			run(ctx, t, h, e)
		}
	} else if typ.Kind() == reflect.Interface {
		if any(e) == nil {
			return
		}
		if l, ok := tab.typed[reflect.TypeOf(e)]; ok {
			l.emitAny(ctx, t, e)
		}
	}
	if len(tab.all) == 0 {
		return
	}
	boxed := Event(e)
	for _, h := range tab.all {
		run(ctx, t, h, boxed)
	}
}

func (l *list[E]) emitAny(ctx context.Context, t *Telemetry, e Event) {
	for _, h := range l.handlers {
		run(ctx, t, h, e.(E))
	}
}

// run calls one handler and detaches it if it panics.
func run[E Event](ctx context.Context, t *Telemetry, h *handler[E], e E) {
	defer func() {
		if v := recover(); v != nil {
			stack := debug.Stack()
			h.detach()
			if h.failed.CompareAndSwap(false, true) {
				t.reportPanic(ctx, reflect.TypeFor[E](), v, stack)
			}
		}
	}()
	h.call(ctx, e)
}

// reportPanic names the event by the type its handler takes: asking the event
// for its name would run more of the code that may just have panicked.
func (t *Telemetry) reportPanic(ctx context.Context, event reflect.Type, v any, stack []byte) {
	// A slog.Handler that panics must not reach the emitter either, and there is
	// nowhere left to report it.
	defer func() { _ = recover() }()
	t.logger.ErrorContext(ctx, "telemetry: a handler panicked and has been detached; attach it again after mending it",
		"handles", event.String(), "panic", fmt.Sprint(v), "stack", string(stack))
}

// Enabled reports whether a handler would see events of type E. Emitters ask
// before they do work that only an event needs.
func Enabled[E Event](t *Telemetry) bool {
	if t == nil {
		return false
	}
	tab := t.table.Load()
	if tab == nil {
		return false
	}
	if len(tab.all) > 0 {
		return true
	}
	_, ok := tab.typed[reflect.TypeFor[E]()]
	return ok
}

// Attach adds a handler for events of type E and returns the function that
// removes it, which may be called more than once and from the handler itself.
// With a nil t both do nothing.
//
// Attach panics if E could never be emitted: an interface type (use
// [Telemetry.AttachAll]), or a pointer to a type that is itself an Event.
func Attach[E Event](t *Telemetry, f func(ctx context.Context, e E)) (detach func()) {
	typ := reflect.TypeFor[E]()
	checkHandler(typ, f == nil)
	if t == nil {
		return func() {}
	}
	h := &handler[E]{call: f}
	h.detach = func() {
		t.change(func(tab *table) {
			l, ok := tab.typed[typ]
			if !ok {
				return
			}
			if rest := without(l.(*list[E]).handlers, h); len(rest) > 0 {
				tab.typed[typ] = &list[E]{rest}
			} else {
				delete(tab.typed, typ)
			}
		})
	}
	t.change(func(tab *table) {
		var before []*handler[E]
		if l, ok := tab.typed[typ]; ok {
			before = l.(*list[E]).handlers
		}
		tab.typed[typ] = &list[E]{append(slices.Clip(before), h)}
	})
	return h.detach
}

// AttachAll adds a handler for every event, whatever its type, and returns the
// function that removes it. With a nil t both do nothing.
func (t *Telemetry) AttachAll(f func(ctx context.Context, e Event)) (detach func()) {
	if f == nil {
		panic("telemetry: AttachAll of a nil handler")
	}
	if t == nil {
		return func() {}
	}
	h := &handler[Event]{call: f}
	h.detach = func() { t.change(func(tab *table) { tab.all = without(tab.all, h) }) }
	t.change(func(tab *table) { tab.all = append(slices.Clip(tab.all), h) })
	return h.detach
}

// change replaces the table by a copy that edit has worked on. Slices in the
// copy are shared with emissions that are under way, so edit replaces them.
func (t *Telemetry) change(edit func(*table)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	next := &table{typed: map[reflect.Type]typed{}}
	if old := t.table.Load(); old != nil {
		for typ, l := range old.typed {
			next.typed[typ] = l
		}
		next.all = old.all
	}
	edit(next)
	if len(next.typed) == 0 && len(next.all) == 0 {
		next = nil
	}
	t.table.Store(next)
}

func without[E Event](handlers []*handler[E], h *handler[E]) []*handler[E] {
	return slices.DeleteFunc(slices.Clone(handlers), func(other *handler[E]) bool { return other == h })
}

func checkHandler(typ reflect.Type, isNil bool) {
	switch {
	case isNil:
		panic(fmt.Sprintf("telemetry: Attach of a nil handler for %s", typ))
	case typ.Kind() == reflect.Interface:
		panic(fmt.Sprintf("telemetry: Attach to the interface %s would never be called; attach to a concrete event, or use AttachAll", typ))
	case typ.Kind() == reflect.Pointer && typ.Elem().Implements(reflect.TypeFor[Event]()):
		panic(fmt.Sprintf("telemetry: Attach to %s would never be called, because %s is what is emitted; take the value", typ, typ.Elem()))
	}
}
