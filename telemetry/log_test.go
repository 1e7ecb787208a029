package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/telemetry"
)

// newLog returns a Telemetry whose lines go to the buffer as text without times.
func newLog(t *testing.T, level slog.Level, cfg telemetry.LogConfig) (*telemetry.Telemetry, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	tel := telemetry.New(telemetry.Config{Logger: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey && len(groups) == 0 {
				return slog.Attr{}
			}
			return a
		},
	}))})
	telemetry.Log(tel, cfg)
	return tel, &out
}

func TestLogLines(t *testing.T) {
	boom := errors.New("boom")
	for _, c := range []struct {
		event telemetry.Event
		want  string // empty: no line
	}{
		{telemetry.EndpointStarted{Endpoint: "chat", URL: "http://localhost:4000"}, `level=INFO msg="Access chat at http://localhost:4000"`},
		{telemetry.EndpointStarted{URL: "http://localhost:4000"}, `level=INFO msg="Access endpoint at http://localhost:4000"`},
		{telemetry.RequestStart{RequestID: "r1", Method: "GET", Path: "/path"}, `level=INFO msg="GET /path" request_id=r1`},
		{telemetry.RequestStart{Method: "GET", Path: "/health", Log: telemetry.LogOff}, ``},
		{telemetry.RequestStop{Status: 200, Duration: 3 * time.Millisecond}, `level=INFO msg="Sent 200 in 3ms"`},
		{telemetry.RequestStop{Status: 200, Chunked: true, Duration: 1001 * time.Microsecond}, `level=INFO msg="Chunked 200 in 1ms"`},
		{telemetry.RouteStart{Route: "/users/{id}", Action: "Users.Show", Params: map[string]any{"id": "1", "password": "s"}, Pipelines: []string{"browser", "auth"}},
			`level=DEBUG msg="Processing with Users.Show" route=/users/{id} params="{\"id\":\"1\",\"password\":\"[FILTERED]\"}" pipelines="browser auth"`},
		{telemetry.RouteStop{}, ``},
		{telemetry.RouteException{Method: "GET", Route: "/", Action: "Home", Reason: boom, Stack: []byte("goroutine 1\nmain.go:1")},
			`level=ERROR msg="PANICKED GET Home in 0µs" route=/ reason=boom stack="goroutine 1\nmain.go:1"`},
		{telemetry.RenderStop{}, ``},
		{telemetry.ErrorRendered{Method: "GET", Path: "/x", Status: 404, Reason: boom},
			`level=DEBUG msg="Converted error errors.errorString to 404 response" method=GET path=/x reason=boom`},
		{telemetry.ErrorRendered{Method: "GET", Path: "/x", Status: 500, Reason: boom},
			`level=ERROR msg="Converted error errors.errorString to 500 response" method=GET path=/x reason=boom`},

		{telemetry.SocketConnected{Socket: "UserSocket", Transport: "websocket", Vsn: "2.0.0", Params: map[string]any{"token": "s", "vsn": "2.0.0"}, Duration: 92 * time.Microsecond},
			`level=INFO msg="CONNECTED TO UserSocket in 92µs" transport=websocket vsn=2.0.0 params="{\"token\":\"[FILTERED]\",\"vsn\":\"2.0.0\"}"`},
		{telemetry.SocketConnected{Socket: "UserSocket", Transport: "longpoll", Vsn: "1.0.0", Duration: time.Millisecond, Err: boom},
			`level=INFO msg="REFUSED CONNECTION TO UserSocket in 1000µs" transport=longpoll vsn=1.0.0 error=boom`},
		{telemetry.SocketDisconnected{Socket: "UserSocket", Transport: "websocket", ID: "users:1", Code: 1001, Reason: "bye", Duration: 90 * time.Second},
			`level=DEBUG msg="DISCONNECTED FROM UserSocket after 1m30s" transport=websocket id=users:1 code=1001 reason=bye`},
		{telemetry.SocketDrain{Socket: "UserSocket", Count: 100, Total: 1000, Index: 1, Rounds: 10, Interval: 2 * time.Second},
			`level=INFO msg="DRAINING 100 of 1000 total connection(s) for socket UserSocket every 2000ms - round 1 of 10"`},
		{telemetry.SlowClient{Socket: "UserSocket", Transport: "websocket", Queued: 10, Limit: 9},
			`level=WARN msg="CLOSED SLOW CLIENT OF UserSocket" transport=websocket queued=10 limit=9`},
		{telemetry.RequestRefused{Socket: "UserSocket", Reason: "origin", Status: 403}, `level=WARN msg="REFUSED REQUEST TO UserSocket with 403" reason=origin`},
		{telemetry.RateLimited{Scope: "user", Topic: "room:1", Event: "new", ID: "u1"}, `level=DEBUG msg="LIMITED new ON room:1" scope=user id=u1`},

		{telemetry.ChannelJoined{Channel: "RoomChannel", Topic: "room:1", Params: []byte(`{"token": "s", "a": [1, 2]}`), Status: "ok", Duration: 92 * time.Microsecond},
			`level=INFO msg="JOINED room:1 in 92µs" channel=RoomChannel params="{\"a\":[1,2],\"token\":\"[FILTERED]\"}"`},
		{telemetry.ChannelJoined{Topic: "room:1", Status: "error", Duration: 2 * time.Second, Err: boom}, `level=INFO msg="REFUSED JOIN room:1 in 2000ms" error=boom`},
		{telemetry.ChannelJoined{Topic: "room:1", Status: "ok", Log: telemetry.LogDebug}, `level=DEBUG msg="JOINED room:1 in 0µs"`},
		{telemetry.ChannelJoined{Topic: "room:1", Status: "ok", Log: telemetry.LogOff}, ``},
		{telemetry.ChannelJoined{Topic: "phoenix:live_reload", Status: "ok"}, ``},
		{telemetry.ChannelHandledIn{Channel: "RoomChannel", Topic: "room:1", Event: "message:new", Params: []byte(`{"body":"hi"}`), Duration: 5 * time.Microsecond},
			`level=DEBUG msg="HANDLED message:new INCOMING ON room:1 (RoomChannel) in 5µs" params="{\"body\":\"hi\"}"`},
		{telemetry.ChannelHandledIn{Topic: "phoenix", Event: "x"}, ``},
		{telemetry.ChannelExited{Channel: "RoomChannel", Topic: "room:1", Reason: boom}, `level=DEBUG msg="EXITED room:1 (RoomChannel)" reason=boom`},
		{telemetry.ChannelPush{Topic: "room:1"}, ``},
		{telemetry.Broadcast{Topic: "room:1"}, ``},

		{telemetry.MailboxOverflow{Process: "room:1", ID: 7, Limit: 1000}, `level=WARN msg="MAILBOX FULL OF room:1" id=7 limit=1000`},
		{telemetry.ProcessCrashed{Process: "room:1", ID: 7, Reason: boom, Stack: []byte("goroutine 1\nmain.go:1")}, ``},
		{telemetry.CallbackAbandoned{Process: "room:1", After: 5 * time.Second, Stack: []byte("s")}, ``},
		{telemetry.ChildExited{Supervisor: "chat", Child: "db"}, ``},
		{telemetry.ChildExited{Supervisor: "chat", Child: "db", Reason: boom}, ``},
		{telemetry.ChildExited{Supervisor: "chat", Child: "db", Reason: boom, Stack: []byte("s")}, ``},
		{telemetry.ChildRestarted{Supervisor: "chat", Child: "db", Reason: boom, Restarts: 2}, ``},
		{telemetry.SupervisorGaveUp{Supervisor: "chat", Child: "db", Reason: boom, Restarts: 4, Max: 3, Window: 5 * time.Second}, ``},
		{telemetry.PresenceDiff{}, ``},
		{telemetry.PresenceReplica{Replica: "n2", State: telemetry.ReplicaPermDown}, `level=INFO msg="REPLICA n2 IS permanent_down"`},
		{telemetry.FetchFailed{Presence: "online", Topic: "room:1", Keys: 3, Duration: time.Second, Err: boom},
			`level=ERROR msg="PRESENCE FETCH FAILED online in 1000ms" topic=room:1 keys=3 error=boom`},
	} {
		tel, out := newLog(t, slog.LevelDebug, telemetry.LogConfig{})
		telemetry.Emit(t.Context(), tel, c.event)
		if got := strings.TrimSuffix(out.String(), "\n"); got != c.want {
			t.Errorf("%T:\ngot  %s\nwant %s", c.event, got, c.want)
		}
	}
}

func TestLogLevels(t *testing.T) {
	tel, out := newLog(t, slog.LevelInfo, telemetry.LogConfig{Levels: map[string]telemetry.LogLevel{
		"bennu.channel.joined":     telemetry.LogOff,
		"bennu.channel.handled_in": telemetry.LogInfo,
		"bennu.channel.exited":     telemetry.LogDefault,
	}})
	telemetry.Emit(t.Context(), tel, telemetry.ChannelJoined{Topic: "a"})
	telemetry.Emit(t.Context(), tel, telemetry.ChannelJoined{Topic: "b", Log: telemetry.LogWarn})
	telemetry.Emit(t.Context(), tel, telemetry.ChannelHandledIn{Channel: "C", Event: "e", Topic: "c"})
	telemetry.Emit(t.Context(), tel, telemetry.ChannelHandledIn{Channel: "C", Event: "e", Topic: "d", Log: telemetry.LogDebug})
	telemetry.Emit(t.Context(), tel, telemetry.ChannelExited{Channel: "C", Topic: "e"})
	want := "level=WARN msg=\"JOINED b in 0µs\"\nlevel=INFO msg=\"HANDLED e INCOMING ON c (C) in 0µs\"\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// panicked is an event whose line is sampled, with the route as its label.
func panicked(route, stack string) telemetry.RouteException {
	return telemetry.RouteException{Method: "GET", Route: route, Action: "Show", Stack: []byte(stack)}
}

func TestLogBounds(t *testing.T) {
	tel, out := newLog(t, slog.LevelDebug, telemetry.LogConfig{MaxParams: 20, MaxStack: 8})
	telemetry.Emit(t.Context(), tel, telemetry.ChannelJoined{Topic: "a", Params: []byte(`{"a":"0123456789abcdef"}`)})
	telemetry.Emit(t.Context(), tel, telemetry.SocketConnected{Socket: "S", Params: map[string]any{"a": strings.Repeat("x", 100)}})
	telemetry.Emit(t.Context(), tel, telemetry.ChannelJoined{Topic: strings.Repeat("é", 1000)})
	telemetry.Emit(t.Context(), tel, panicked("p", "0123456789"))
	telemetry.Emit(t.Context(), tel, panicked("p", "01234567"))
	want := []string{
		`level=INFO msg="JOINED a in 0µs" params="[TOO LARGE: 24 bytes]"`,
		`level=INFO msg="CONNECTED TO S in 0µs" transport="" vsn="" params="[TOO LARGE: 108 bytes]"`,
		`level=INFO msg="JOINED ` + strings.Repeat("é", 128) + `… in 0µs"`,
		`level=ERROR msg="PANICKED GET Show in 0µs" route=p stack=01234567…`,
		`level=ERROR msg="PANICKED GET Show in 0µs" route=p stack=01234567`,
		``,
	}
	if diff := cmp.Diff(strings.Join(want, "\n"), out.String()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestLogDetach(t *testing.T) {
	var out bytes.Buffer
	tel := telemetry.New(telemetry.Config{Logger: slog.New(slog.NewTextHandler(&out, nil))})
	detach := telemetry.Log(tel, telemetry.LogConfig{})
	detach()
	for _, e := range allEvents() {
		telemetry.Emit(t.Context(), tel, e)
	}
	if telemetry.Enabled[telemetry.ChannelJoined](tel) || out.Len() > 0 {
		t.Errorf("still attached; lines:\n%s", &out)
	}
}

// Every name that a client or a developer chooses is put into lines in a way
// that cannot start another line nor look like another name, with the handlers
// of slog and with package log, which writes messages as they are.
func TestLogInjection(t *testing.T) {
	const evil = "x in 1µs\nlevel=ERROR msg=\"PANICKED all\" \x1b[2J\u202e\u2028\xff"
	payload, err := json.Marshal(map[string]string{evil: evil})
	if err != nil {
		t.Fatal(err)
	}
	events := []telemetry.Event{
		telemetry.ChannelJoined{Topic: evil, Channel: evil, Params: payload, Err: errors.New(evil)},
		telemetry.ChannelJoined{Topic: "room:1", Params: []byte("\n{" + evil)},
		telemetry.ChannelHandledIn{Topic: evil, Channel: evil, Event: evil, Params: payload},
		telemetry.ChannelExited{Topic: evil, Channel: evil, Reason: errors.New(evil)},
		telemetry.SocketConnected{Socket: evil, Transport: evil, Vsn: evil, Params: map[string]any{evil: evil}},
		telemetry.SocketDisconnected{Socket: evil, ID: evil, Reason: evil},
		telemetry.RequestStart{Method: evil, Path: evil, RequestID: evil},
		telemetry.RateLimited{Scope: evil, Topic: evil, Event: evil, ID: evil},
		telemetry.RouteException{Method: evil, Route: evil, Action: evil, Reason: errors.New(evil), Stack: []byte(evil)},
		telemetry.ErrorRendered{Path: evil, Reason: errors.New(evil)},
		telemetry.FetchFailed{Topic: evil, Presence: evil, Err: errors.New(evil)},
	}
	var out bytes.Buffer
	opts := &slog.HandlerOptions{Level: slog.LevelDebug}
	handlers := map[string]slog.Handler{
		"text":        slog.NewTextHandler(&out, opts),
		"json":        slog.NewJSONHandler(&out, opts),
		"plain print": plainHandler{Handler: slog.NewTextHandler(&out, opts), log: log.New(&out, "", 0)},
	}
	for name, h := range handlers {
		tel := telemetry.New(telemetry.Config{Logger: slog.New(h)})
		telemetry.Log(tel, telemetry.LogConfig{})
		for _, e := range events {
			out.Reset()
			telemetry.Emit(t.Context(), tel, e)
			got := strings.TrimSuffix(out.String(), "\n")
			if got == "" || strings.ContainsAny(got, "\n\r\x1b") {
				t.Errorf("%s, %T: got %q, want one line without control characters", name, e, got)
			}
			if name == "plain print" && (strings.ContainsAny(got, "\u202e\u2028") || strings.Contains(got, "\xff")) {
				t.Errorf("%s, %T: got %q, want only printable characters", name, e, got)
			}
			if name == "json" && !json.Valid([]byte(got)) {
				t.Errorf("%s, %T: got %q, want JSON", name, e, got)
			}
		}
	}
}

// plainHandler writes the bare message, as slog's initial default handler does.
type plainHandler struct {
	slog.Handler
	log *log.Logger
}

func (h plainHandler) Handle(_ context.Context, r slog.Record) error {
	return h.log.Output(0, r.Message)
}

func TestLogSamples(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel, out := newLog(t, slog.LevelInfo, telemetry.LogConfig{SampleBurst: 2, SampleWindow: time.Second})
		fail := func(route string, n int) {
			for range n {
				telemetry.Emit(t.Context(), tel, panicked(route, "s"))
			}
		}
		step := func(when string, want ...string) {
			t.Helper()
			got := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
			out.Reset()
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", when, diff)
			}
		}
		line := func(label string) string {
			return `level=ERROR msg="PANICKED GET Show in 0µs" route=` + label + ` stack=s`
		}
		more := func(n int, label string) string {
			return fmt.Sprintf(`level=ERROR msg="suppressed %d more" event=bennu.route.exception of=%s`, n, label)
		}

		fail("a", 984)
		fail("b", 3)
		step("first window", line("a"), line("a"), line("b"), line("b"))
		time.Sleep(time.Second - time.Nanosecond)
		fail("a", 1)
		step("just before its end", "")
		time.Sleep(time.Nanosecond)
		fail("a", 1)
		step("the next one tells", more(983, "a"), more(1, "b"), line("a"))
		fail("b", 5)
		step("second window", line("b"), line("b"))
		time.Sleep(time.Hour)
		telemetry.Emit(t.Context(), tel, telemetry.ChannelJoined{Topic: "room:1"})
		step("any line tells", more(3, "b"), `level=INFO msg="JOINED room:1 in 0µs"`)
		telemetry.Emit(t.Context(), tel, telemetry.ChannelJoined{Topic: "room:1"})
		step("once", `level=INFO msg="JOINED room:1 in 0µs"`)
	})
}

func TestLogDetachTellsSuppressed(t *testing.T) {
	var out bytes.Buffer
	tel := telemetry.New(telemetry.Config{Logger: slog.New(slog.NewTextHandler(&out, nil))})
	detach := telemetry.Log(tel, telemetry.LogConfig{SampleBurst: 1})
	for range 4 {
		telemetry.Emit(t.Context(), tel, telemetry.SlowClient{Socket: "UserSocket"})
	}
	detach()
	detach()
	if n := strings.Count(out.String(), `level=WARN msg="suppressed 3 more" event=bennu.socket.slow_client of=UserSocket`); n != 1 {
		t.Errorf("got the count %d times, want once:\n%s", n, &out)
	}
}

// However many different things go wrong, lines and memory of a window are bounded.
func TestLogSamplesInTotal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel, out := newLog(t, slog.LevelInfo, telemetry.LogConfig{})
		const n = 5000
		for i := range n {
			telemetry.Emit(t.Context(), tel, panicked(fmt.Sprint("/", i), ""))
		}
		if got := strings.Count(out.String(), "\n"); got != 100 {
			t.Errorf("got %d lines, want 100", got)
		}
		out.Reset()
		time.Sleep(10 * time.Second)
		telemetry.Emit(t.Context(), tel, panicked("/0", ""))
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if len(lines) != 12 {
			t.Fatalf("got %d lines, want ten counts, the rest and the last:\n%s", len(lines), out)
		}
		sum := 0
		for _, l := range lines[:11] {
			var n int
			if _, err := fmt.Sscanf(l, `level=ERROR msg="suppressed %d more"`, &n); err != nil {
				t.Fatalf("%q: %v", l, err)
			}
			sum += n
		}
		if sum != n-100 {
			t.Errorf("the counts add up to %d, want %d", sum, n-100)
		}
	})
}

func TestLogSilentLevelsAllocateNothing(t *testing.T) {
	tel, _ := newLog(t, slog.LevelInfo, telemetry.LogConfig{Levels: map[string]telemetry.LogLevel{"x": telemetry.LogOff}})
	payload := json.RawMessage(`{"body":"hi","token":"x"}`)
	got := testing.AllocsPerRun(100, func() {
		telemetry.Emit(context.Background(), tel, telemetry.ChannelHandledIn{Topic: "room:1", Event: "new", Params: payload})
	})
	if got != 0 {
		t.Errorf("got %v allocations for a line below the level, want 0", got)
	}
}

func TestLogHeldBackLinesAllocateLittle(t *testing.T) {
	tel, _ := newLog(t, slog.LevelInfo, telemetry.LogConfig{SampleWindow: time.Hour})
	e := panicked("/", strings.Repeat("x", 8000))
	before := testing.AllocsPerRun(100, func() { telemetry.Emit(context.Background(), tel, e) })
	if before > 1 {
		t.Errorf("got %v allocations for a line that is held back, want at most 1", before)
	}
}

func BenchmarkLog(b *testing.B) {
	tel := telemetry.New(telemetry.Config{Logger: slog.New(slog.NewTextHandler(discard{}, nil))})
	telemetry.Log(tel, telemetry.LogConfig{})
	b.Run("joined", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			telemetry.Emit(context.Background(), tel, telemetry.ChannelJoined{Topic: "room:1", Params: []byte(`{"a":1}`), Status: "ok"})
		}
	})
	b.Run("handled in, below the level", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			telemetry.Emit(context.Background(), tel, telemetry.ChannelHandledIn{Topic: "room:1", Event: "new", Params: []byte(`{"a":1}`)})
		}
	})
	b.Run("held back", func(b *testing.B) {
		b.ReportAllocs()
		e := panicked("/", strings.Repeat("x", 8000))
		for b.Loop() {
			telemetry.Emit(context.Background(), tel, e)
		}
	})
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
