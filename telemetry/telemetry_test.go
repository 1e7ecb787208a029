package telemetry_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/telemetry"
)

// ping is an application's own event.
type ping struct{ N int }

func (ping) EventName() string { return "test.ping" }

type pong struct{ N int }

func (pong) EventName() string { return "test.pong" }

// byPointer is an event whose method needs a pointer.
type byPointer struct{ n int }

func (*byPointer) EventName() string { return "test.by_pointer" }

func newQuiet() (*telemetry.Telemetry, *bytes.Buffer) {
	var out bytes.Buffer
	return telemetry.New(telemetry.Config{Logger: slog.New(slog.NewTextHandler(&out, nil))}), &out
}

func TestEmitOrder(t *testing.T) {
	tel, _ := newQuiet()
	var got []string
	note := func(name string) func(context.Context, ping) {
		return func(_ context.Context, e ping) { got = append(got, fmt.Sprint(name, e.N)) }
	}
	tel.AttachAll(func(_ context.Context, e telemetry.Event) { got = append(got, "all:"+e.EventName()) })
	detachA := telemetry.Attach(tel, note("a"))
	telemetry.Attach(tel, note("b"))
	telemetry.Attach(tel, func(context.Context, pong) { got = append(got, "pong") })

	telemetry.Emit(t.Context(), tel, ping{1})
	telemetry.Emit(t.Context(), tel, pong{})
	detachA()
	detachA()
	telemetry.Attach(tel, note("c"))
	telemetry.Emit(t.Context(), tel, ping{2})

	want := []string{"a1", "b1", "all:test.ping", "pong", "all:test.pong", "b2", "c2", "all:test.ping"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestEmitPassesContext(t *testing.T) {
	type key struct{}
	tel, _ := newQuiet()
	var got any
	telemetry.Attach(tel, func(ctx context.Context, _ ping) { got = ctx.Value(key{}) })
	telemetry.Emit(context.WithValue(t.Context(), key{}, "v"), tel, ping{})
	if got != "v" {
		t.Errorf("got context value %v, want v", got)
	}
}

func TestEmitInterfaceValue(t *testing.T) {
	tel, _ := newQuiet()
	var typed, all int
	telemetry.Attach(tel, func(_ context.Context, e ping) { typed += e.N })
	tel.AttachAll(func(context.Context, telemetry.Event) { all++ })
	telemetry.Emit[telemetry.Event](t.Context(), tel, ping{3})
	telemetry.Emit[telemetry.Event](t.Context(), tel, pong{3})
	telemetry.Emit[telemetry.Event](t.Context(), tel, nil)
	if typed != 3 || all != 2 {
		t.Errorf("got typed sum %d and %d calls for all, want 3 and 2", typed, all)
	}
}

func TestEmitPointerEvent(t *testing.T) {
	tel, _ := newQuiet()
	var got int
	telemetry.Attach(tel, func(_ context.Context, e *byPointer) { got = e.n })
	telemetry.Emit(t.Context(), tel, &byPointer{4})
	if got != 4 {
		t.Errorf("got %d, want 4", got)
	}
}

func TestEnabled(t *testing.T) {
	tel, _ := newQuiet()
	want := func(when string, p, q bool) {
		t.Helper()
		if got := telemetry.Enabled[ping](tel); got != p {
			t.Errorf("%s: ping enabled: got %v, want %v", when, got, p)
		}
		if got := telemetry.Enabled[pong](tel); got != q {
			t.Errorf("%s: pong enabled: got %v, want %v", when, got, q)
		}
	}
	want("new", false, false)
	detach := telemetry.Attach(tel, func(context.Context, ping) {})
	want("ping attached", true, false)
	detachAll := tel.AttachAll(func(context.Context, telemetry.Event) {})
	want("all attached", true, true)
	detach()
	detachAll()
	want("detached", false, false)
	if telemetry.Enabled[ping](nil) {
		t.Error("nil: got enabled, want off")
	}
}

func TestNilTelemetry(t *testing.T) {
	var tel *telemetry.Telemetry
	telemetry.Attach(tel, func(context.Context, ping) { t.Error("called") })()
	tel.AttachAll(func(context.Context, telemetry.Event) { t.Error("called") })()
	telemetry.Log(tel, telemetry.LogConfig{})()
	telemetry.Emit(t.Context(), tel, ping{})
}

func TestPanickingHandlerIsDetached(t *testing.T) {
	tel, out := newQuiet()
	var before, after, all int
	telemetry.Attach(tel, func(context.Context, ping) { before++ })
	telemetry.Attach(tel, func(context.Context, ping) { panic("handler broke") })
	telemetry.Attach(tel, func(context.Context, ping) { after++ })
	tel.AttachAll(func(context.Context, telemetry.Event) { panic("all broke") })
	tel.AttachAll(func(context.Context, telemetry.Event) { all++ })

	telemetry.Emit(t.Context(), tel, ping{})
	telemetry.Emit(t.Context(), tel, ping{})

	if before != 2 || after != 2 || all != 2 {
		t.Errorf("got %d, %d, %d calls of the healthy handlers, want 2 each", before, after, all)
	}
	for _, want := range []string{"handler broke", "all broke"} {
		if n := strings.Count(out.String(), `panic="`+want+`"`); n != 1 {
			t.Errorf("got %d reports of %q, want 1:\n%s", n, want, out)
		}
	}
	if !strings.Contains(out.String(), "TestPanickingHandlerIsDetached") {
		t.Errorf("the report has no stack that leads to the handler:\n%s", out)
	}
}

// badLog is a slog.Handler that is broken itself.
type badLog struct{ slog.Handler }

func (badLog) Enabled(context.Context, slog.Level) bool  { return true }
func (badLog) Handle(context.Context, slog.Record) error { panic("log broke") }

func TestPanicOfHandlerAndLogger(t *testing.T) {
	tel := telemetry.New(telemetry.Config{Logger: slog.New(badLog{})})
	telemetry.Attach(tel, func(context.Context, ping) { panic("handler broke") })
	telemetry.Emit(t.Context(), tel, ping{})
	if telemetry.Enabled[ping](tel) {
		t.Error("the handler is still attached")
	}
}

func TestHandlerMayChangeHandlers(t *testing.T) {
	tel, _ := newQuiet()
	var got []string
	var detach func()
	detach = telemetry.Attach(tel, func(ctx context.Context, e ping) {
		got = append(got, "first")
		detach()
		telemetry.Attach(tel, func(context.Context, ping) { got = append(got, "second") })
		telemetry.Emit(ctx, tel, pong{})
	})
	telemetry.Attach(tel, func(context.Context, pong) { got = append(got, "pong") })
	telemetry.Emit(t.Context(), tel, ping{})
	telemetry.Emit(t.Context(), tel, ping{})
	if diff := cmp.Diff([]string{"first", "pong", "second"}, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestAttachRefusesWhatIsNeverEmitted(t *testing.T) {
	tel, _ := newQuiet()
	for _, c := range []struct {
		name   string
		attach func()
		want   string
	}{
		{"interface", func() { telemetry.Attach(tel, func(context.Context, telemetry.Event) {}) }, "use AttachAll"},
		{"pointer to an event", func() { telemetry.Attach(tel, func(context.Context, *ping) {}) }, "take the value"},
		{"nil", func() { telemetry.Attach[ping](tel, nil) }, "nil handler"},
		{"nil for all", func() { tel.AttachAll(nil) }, "nil handler"},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer func() {
				if v := fmt.Sprint(recover()); !strings.Contains(v, c.want) {
					t.Errorf("got panic %q, want one with %q", v, c.want)
				}
			}()
			c.attach()
		})
	}
}

func TestConcurrentAttachAndEmit(t *testing.T) {
	tel, out := newQuiet()
	var steady atomic.Int64
	telemetry.Attach(tel, func(context.Context, ping) { steady.Add(1) })
	telemetry.Attach(tel, func(context.Context, ping) { panic("once") })
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				telemetry.Emit(t.Context(), tel, ping{})
			}
		})
		wg.Go(func() {
			for range 100 {
				detach := telemetry.Attach(tel, func(context.Context, ping) {})
				detachAll := tel.AttachAll(func(context.Context, telemetry.Event) {})
				detach()
				detachAll()
			}
		})
	}
	wg.Wait()
	if got := steady.Load(); got != 800 {
		t.Errorf("the steady handler was called %d times, want 800", got)
	}
	if n := strings.Count(out.String(), "panic=once"); n != 1 {
		t.Errorf("got %d reports of one handler, want 1", n)
	}
}

func TestEventNamesAreDistinct(t *testing.T) {
	seen := map[string]string{}
	for _, e := range allEvents() {
		name := e.EventName()
		if !strings.HasPrefix(name, "bennu.") {
			t.Errorf("%T is named %q, want a name under bennu.", e, name)
		}
		if other, dup := seen[name]; dup {
			t.Errorf("%T and %s are both named %q", e, other, name)
		}
		seen[name] = fmt.Sprintf("%T", e)
	}
}

func allEvents() []telemetry.Event {
	return []telemetry.Event{
		telemetry.SocketConnected{}, telemetry.SocketDisconnected{}, telemetry.SocketDrain{}, telemetry.SlowClient{},
		telemetry.RequestRefused{}, telemetry.RateLimited{}, telemetry.ChannelJoined{}, telemetry.ChannelHandledIn{},
		telemetry.ChannelExited{}, telemetry.ChannelPush{}, telemetry.Broadcast{}, telemetry.MailboxOverflow{},
		telemetry.ProcessCrashed{}, telemetry.CallbackAbandoned{}, telemetry.ChildExited{}, telemetry.ChildRestarted{},
		telemetry.SupervisorGaveUp{}, telemetry.PresenceDiff{}, telemetry.PresenceReplica{}, telemetry.FetchFailed{},
		telemetry.EndpointStarted{}, telemetry.RequestStart{}, telemetry.RequestStop{}, telemetry.RouteStart{},
		telemetry.RouteStop{}, telemetry.RouteException{}, telemetry.RenderStop{}, telemetry.ErrorRendered{},
	}
}

// The guards hold under the race detector, too: it changes no allocation here.
func TestEmitAllocates(t *testing.T) {
	off, _ := newQuiet()
	other, _ := newQuiet()
	telemetry.Attach(other, func(context.Context, pong) {})
	typed, _ := newQuiet()
	var sum int
	telemetry.Attach(typed, func(_ context.Context, e telemetry.ChannelPush) { sum += e.Bytes })
	all, _ := newQuiet()
	all.AttachAll(func(_ context.Context, e telemetry.Event) { sum++ })

	topic := strings.Repeat("x", 10)
	for _, c := range []struct {
		name string
		tel  *telemetry.Telemetry
		max  float64
	}{
		{"nil", nil, 0}, {"nothing attached", off, 0}, {"other event attached", other, 0}, {"attached", typed, 0}, {"all attached", all, 1},
	} {
		got := testing.AllocsPerRun(100, func() {
			telemetry.Emit(context.Background(), c.tel, telemetry.ChannelPush{Topic: topic, Event: "new", Bytes: 7})
		})
		if got > c.max {
			t.Errorf("%s: got %v allocations, want at most %v", c.name, got, c.max)
		}
	}
}

func BenchmarkEmit(b *testing.B) {
	other, _ := newQuiet()
	telemetry.Attach(other, func(context.Context, pong) {})
	empty, _ := newQuiet()
	typed, _ := newQuiet()
	var sum time.Duration
	telemetry.Attach(typed, func(_ context.Context, e telemetry.ChannelHandledIn) { sum += e.Duration })
	for _, c := range []struct {
		name string
		tel  *telemetry.Telemetry
	}{{"off=nil", nil}, {"off=empty", empty}, {"off=other", other}, {"on=1", typed}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				telemetry.Emit(context.Background(), c.tel, telemetry.ChannelHandledIn{Topic: "room:1", Event: "new", Duration: 1})
			}
		})
	}
}
