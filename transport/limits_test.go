package transport

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/telemetry"
)

// limited makes a Limiter that goes by limits only, whatever machine it is on.
func limited(t testing.TB, limits Limits) *Limiter {
	t.Helper()
	if limits.MinAvailable == 0 {
		limits.MinAvailable = -1
	}
	l, err := NewLimiter(limits)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func wantStats(t testing.TB, l *Limiter, ws, lp TransportStats) {
	t.Helper()
	got := l.Stats()
	if diff := cmp.Diff(Stats{WebSocket: ws, LongPoll: lp, MaxConnections: got.MaxConnections}, got); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
}

// wantBusy checks a refusal and returns the seconds to wait.
func wantBusy(t testing.TB, status int, h http.Header) int {
	t.Helper()
	wait, err := strconv.Atoi(h.Get("Retry-After"))
	if status != 503 || err != nil || wait < 1 {
		t.Fatalf("got %d with Retry-After %q, want 503 with seconds", status, h.Get("Retry-After"))
	}
	return wait
}

func TestConnectionsAreBoundedOverBothTransports(t *testing.T) {
	limiter := limited(t, Limits{MaxConnections: 3})
	synctest.Test(t, func(t *testing.T) {
		lp := newLPServer(t, &lpSocket{}, LongPollConfig{Limiter: limiter})
		lp.open()
		lp.open()
		wantStats(t, limiter, TransportStats{}, TransportStats{Connections: 2, Accepted: 2})
		_, w := lp.do(lpGet(context.Background(), ""))
		if w.Code != 200 {
			t.Fatalf("the third: HTTP %d", w.Code)
		}
		_, w = lp.do(lpGet(context.Background(), ""))
		if wait := wantBusy(t, w.Code, w.Header()); wait < 5 || wait > 10 {
			t.Errorf("Retry-After is %d, want 5 to 10", wait)
		}
		if w.Body.Len() != 0 {
			t.Errorf("the refusal says %q to a client that can read failures only", w.Body)
		}
		if n := len(lp.socket.sessions); n != 3 {
			t.Errorf("connect was asked %d times, want 3", n)
		}
		time.Sleep(3 * window) // nobody polls
		synctest.Wait()
		wantStats(t, limiter, TransportStats{}, TransportStats{Accepted: 3, Refused: RefusedStats{Connections: 1}})
	})
	onPipes(t, WebSocketConfig{Limiter: limiter}, func(h *harness) {
		var peers []*peer
		for range 3 {
			peers = append(peers, h.connect(""))
		}
		p, res := h.request("", nil)
		wantBusy(t, res.StatusCode, res.Header)
		p.nc.Close()
		peers[0].write(clientClose(4000, ""))
		peers[0].want("close 1000")
		peers[0].nc.Close()
		synctest.Wait()
		peers = append(peers, h.connect(""))
		wantStats(t, limiter, TransportStats{Connections: 3, Accepted: 4, Refused: RefusedStats{Connections: 1}},
			TransportStats{Accepted: 3, Refused: RefusedStats{Connections: 1}})
		if n := limiter.Stats().Refused(); n != 2 {
			t.Errorf("%d refused, want 2", n)
		}
		for _, p := range peers {
			p.nc.Close()
		}
	})
	if n := limiter.Stats().Connections(); n != 0 {
		t.Errorf("%d places are still taken, want 0", n)
	}
}

// TestEveryEndGivesThePlaceBack goes through the ways in which a client can end, on each path.
func TestEveryEndGivesThePlaceBack(t *testing.T) {
	ends := map[string]func(h *harness){
		"refused by connect": func(h *harness) {
			p, _ := h.request("&refuse=1", nil)
			p.nc.Close()
		},
		"closed by the client": func(h *harness) {
			p := h.connect("")
			p.write(clientClose(1000, ""))
			p.want("close 1000", "end")
			p.nc.Close()
		},
		"closed by the server": func(h *harness) {
			p := h.connect("")
			p.write(fromClient(1, true, "close"))
			p.want("close 4000 asked")
			p.nc.Close()
		},
		"lost": func(h *harness) { h.connect("").nc.Close() },
		"bad message": func(h *harness) {
			p := h.connect("")
			p.write(fromClient(1, true, "bad"))
			p.want("close 1011")
			p.nc.Close()
		},
		"panic": func(h *harness) {
			p := h.connect("")
			p.write(fromClient(1, true, "panic"))
			p.want("close 1011")
			p.nc.Close()
		},
		"abandoned": func(h *harness) {
			p := h.connect("")
			waitSession(h)
			h.env.Shards.Abandon()
			io.Copy(io.Discard, p.nc)
			p.nc.Close()
		},
	}
	for pathName, path := range paths {
		for name, end := range ends {
			t.Run(pathName+"/"+name, func(t *testing.T) {
				limiter := limited(t, Limits{MaxConnections: 1, MaxPerAddress: 1})
				var h2 *harness
				path(t, WebSocketConfig{Limiter: limiter}, func(h *harness) {
					h2 = h
					end(h)
					wantSessionsClosed(h)
				})
				for _, s := range h2.sock.sessions {
					if n := len(s.closed); n > 0 {
						t.Errorf("a session was closed %d times more", n)
					}
				}
				wantStats(t, limiter, TransportStats{Accepted: 1}, TransportStats{})
				if n := len(limiter.addresses); n != 0 {
					t.Errorf("%d addresses are still known, want none", n)
				}
			})
		}
	}
}

// wantSessionsClosed waits until every session has been closed.
func wantSessionsClosed(h *harness) {
	h.sock.mu.Lock()
	sessions := h.sock.sessions
	h.sock.mu.Unlock()
	for _, s := range sessions {
		<-s.closed
	}
}

func TestAPlaceIsGivenBackOnce(t *testing.T) {
	l := limited(t, Limits{MaxConnections: 2, MaxPerAddress: 2})
	r := httptest.NewRequest("GET", "/", nil)
	a, _, _ := l.admit(r, overWebSocket)
	b, _, ok := l.admit(r, overLongPoll)
	if !ok {
		t.Fatal("the second was refused")
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(a.release)
	}
	wg.Wait()
	wantStats(t, l, TransportStats{Accepted: 1}, TransportStats{Connections: 1, Accepted: 1})
	b.release()
	wantStats(t, l, TransportStats{Accepted: 1}, TransportStats{Accepted: 1})
}

func TestAConnectThatEndsItsGoroutineGivesThePlaceBack(t *testing.T) {
	l := limited(t, Limits{MaxConnections: 1})
	req := &ConnectRequest{Request: httptest.NewRequest("GET", "/", nil), Transport: "websocket", Serializer: customSerializer{}}
	for name, f := range map[string]func(){"goexit": runtime.Goexit, "panic": func() { panic("in connect") }} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			l.connect(Env{Logger: slog.New(slog.DiscardHandler)}, connectWith(f), req)
		}()
		<-done
		if n := l.Stats().Connections(); n != 0 {
			t.Errorf("%s: %d places are taken, want 0", name, n)
		}
	}
}

// connectWith is a socket whose connect callback never returns in the usual way.
type connectWith func()

func (connectWith) Name() string { return "connect" }
func (f connectWith) Connect(context.Context, *ConnectRequest) (Session, error) {
	f()
	return nil, nil
}

func TestAddressesAreBounded(t *testing.T) {
	l := limited(t, Limits{MaxPerAddress: 2})
	admit := func(remote string) (*seat, bool) {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = remote
		s, why, ok := l.admit(r, overWebSocket)
		if !ok && why != limitAddress {
			t.Errorf("%s: refused for %s", remote, why)
		}
		return s, ok
	}
	var first *seat
	for i, tc := range []struct {
		remote string
		ok     bool
	}{
		{"192.0.2.1:1", true}, {"[::ffff:192.0.2.1]:2", true}, {"192.0.2.1:3", false}, {"192.0.2.2:1", true},
		{"[2001:db8:0:1::1]:1", true}, {"[2001:db8:0:1:ffff::2]:1", true}, {"[2001:db8:0:1::3]:1", false}, {"[2001:db8:0:2::1]:1", true},
		{"@", true}, {"@", true}, {"@", true}, {"", true},
	} {
		s, ok := admit(tc.remote)
		if ok != tc.ok {
			t.Errorf("%s: admitted %v, want %v", tc.remote, ok, tc.ok)
		}
		if i == 0 {
			first = s
		}
	}
	first.release()
	if _, ok := admit("192.0.2.1:4"); !ok {
		t.Error("a place that was given back cannot be taken again")
	}
	if got := l.Stats().WebSocket.Refused; got != (RefusedStats{Address: 2}) {
		t.Errorf("refused: %+v", got)
	}
}

func TestTheRateOfConnectingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limited(t, Limits{AcceptRate: 10, AcceptBurst: 3, MaxConnections: 1000})
		try := func(n int) (admitted int) {
			for range n {
				if s, why, ok := l.admit(httptest.NewRequest("GET", "/", nil), overWebSocket); ok {
					s.release() // connecting counts, not being connected
					admitted++
				} else if why != limitRate {
					t.Errorf("refused for %s", why)
				}
			}
			return admitted
		}
		for _, step := range []struct {
			wait        time.Duration
			tried, want int
		}{{0, 5, 3}, {0, 1, 0}, {100 * time.Millisecond, 2, 1}, {50 * time.Millisecond, 1, 0}, {50 * time.Millisecond, 1, 1}, {time.Hour, 10, 3}} {
			time.Sleep(step.wait)
			if got := try(step.tried); got != step.want {
				t.Errorf("after another %v: %d admitted, want %d", step.wait, got, step.want)
			}
		}
	})
}

func TestARefusalForAnotherReasonTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limited(t, Limits{AcceptRate: 1, MaxConnections: 1, MaxPerAddress: 1})
		from := func(remote string) (*seat, limit, bool) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = remote
			return l.admit(r, overWebSocket)
		}
		s, _, _ := from("192.0.2.1:1")
		s.release()
		if _, why, ok := from("192.0.2.2:1"); ok || why != limitRate {
			t.Fatalf("the second in a second: %v %v", why, ok)
		}
		if len(l.addresses) != 0 {
			t.Error("an address is known that was refused for the rate")
		}
		time.Sleep(time.Second)
		s, _, _ = from("192.0.2.1:1")
		time.Sleep(time.Second)
		if _, why, _ := from("192.0.2.1:1"); why != limitConnections {
			t.Errorf("refused for %v, want connections", why)
		}
		s.release()
		if _, _, ok := from("192.0.2.1:1"); !ok {
			t.Error("a refusal for the connections has taken from the rate")
		}
	})
}

func TestRefusalsAreSeen(t *testing.T) {
	tel := telemetry.New(telemetry.Config{})
	var mu sync.Mutex
	var events []telemetry.RequestRefused
	telemetry.Attach(tel, func(_ context.Context, e telemetry.RequestRefused) {
		mu.Lock()
		events = append(events, e)
		mu.Unlock()
	})
	var log lpLog
	l := limited(t, Limits{MaxConnections: 1, RetryAfter: time.Minute})
	cfg := (&ConnectConfig{})
	cfg.bind(Env{Logger: slog.New(slog.NewTextHandler(&log, nil)), Telemetry: tel}, &echo{})
	req := &ConnectRequest{Request: httptest.NewRequest("GET", "/", nil), Transport: "websocket", Serializer: customSerializer{}, config: cfg}
	if _, err := l.connect(cfg.env, &echo{}, req); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		_, err := l.connect(cfg.env, &echo{}, req)
		refusal := refusalOf(err)
		if wait := wantBusy(t, refusal.Status, refusal.Header); wait < 60 || wait > 120 || refusal.closeCode() != CloseBusy {
			t.Errorf("%v: wait %d, code %d", err, wait, refusal.closeCode())
		}
	}
	if len(events) != 3 || events[0] != (telemetry.RequestRefused{Socket: "echo", Reason: "connections", Status: 503}) {
		t.Errorf("events: %+v", events)
	}
	if s := log.String(); strings.Count(s, "refusing clients") != 1 || !strings.Contains(s, "1 are connected") {
		t.Errorf("want one line that says why, got %s", s)
	}
}

func TestVisibleRefusalsBeyondTheLimits(t *testing.T) {
	visible := ConnectConfig{VisibleRefusals: true}
	onPipes(t, WebSocketConfig{ConnectConfig: visible, Limiter: limited(t, Limits{MaxConnections: 1})}, func(h *harness) {
		first := h.connect("")
		for range maxVisible {
			p := h.connect("")
			p.want("close 4503 busy, try again later")
			p.write(clientClose(CloseBusy, ""))
			p.want("end")
			p.nc.Close()
		}
		p, res := h.request("", nil) // more in this second would cost too many descriptors
		wantBusy(t, res.StatusCode, res.Header)
		p.nc.Close()
		first.nc.Close()
	})
	synctest.Test(t, func(t *testing.T) {
		lp := newLPServer(t, &lpSocket{}, LongPollConfig{ConnectConfig: visible, Limiter: limited(t, Limits{MaxConnections: 1})})
		lp.open()
		a, w := lp.do(lpGet(context.Background(), ""))
		wantBusy(t, w.Code, w.Header())
		if a.Status != 500 || a.Code != CloseBusy || a.Reason == nil || *a.Reason != "busy, try again later" {
			t.Errorf("got %+v", a)
		}
	})
}

func TestLimitsWrongWiring(t *testing.T) {
	for name, limits := range map[string]Limits{
		"negative rate":      {AcceptRate: -1},
		"negative addresses": {MaxPerAddress: -1},
		"negative memory":    {MaxMemory: -1},
		"negative wait":      {RetryAfter: -1},
		"burst alone":        {AcceptBurst: 5},
	} {
		if _, err := NewLimiter(limits); err == nil || !strings.HasPrefix(err.Error(), "transport: ") {
			t.Errorf("%s: got %v, want an error of transport", name, err)
		}
	}
}

func TestTheOpenFileLimitBoundsConnections(t *testing.T) {
	for _, tc := range []struct {
		files     int
		connected int
	}{{20, 1}, {64, 1}, {65, 1}, {1024, 960}, {20_000, 19_375}, {1 << 20, 1<<20 - 8192}} {
		got, kept := connectionsFor(tc.files)
		if got != tc.connected || got+kept != tc.files {
			t.Errorf("%d files: %d connections and %d kept, want %d connections", tc.files, got, kept, tc.connected)
		}
	}
	var log lpLog
	logger := slog.New(slog.NewTextHandler(&log, nil))
	for _, tc := range []struct {
		set, want int
		files     bool
		line      string
	}{
		{0, 960, true, "max_connections=960 open_files=1024 kept_for_files_and_requests=64 "},
		{0, 0, false, "max_connections=none open_files=none max_per_address=none"},
		{-1, 0, true, "max_connections=none open_files=1024"},
		{7, 7, true, "max_connections=7 open_files=1024"},
		{2000, 2000, true, "level=WARN msg=\"transport: Limits.MaxConnections is more than there can be open files"},
	} {
		l := limited(t, Limits{MaxConnections: tc.set})
		raised := false
		l.files = func(raise bool) (int, bool) { raised = raised || raise; return 1024, tc.files }
		log.Reset()
		l.Prepare(logger)
		if got := l.Stats().MaxConnections; got != tc.want || !raised {
			t.Errorf("%+v: %d connections, asked to raise: %v", tc, got, raised)
		}
		if s := log.String(); !strings.Contains(s, tc.line) || !strings.Contains(s, `level=INFO msg="transport: limits"`) {
			t.Errorf("%+v: logged %s", tc, s)
		}
	}
}

func TestMemoryThatIsShortRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory{process: 100 << 20, available: 900 << 20, total: 1 << 30}
		reads := 0
		l := limited(t, Limits{})
		l.memory = newMemoryGuard(200<<20, 0, func(bool) memory { reads++; return m })
		if want := uint64(1<<30) / 32; l.memory.minAvailable != want {
			t.Errorf("of 1 GiB %d must be available by default, want %d", l.memory.minAvailable, want)
		}
		reads = 0
		for _, step := range []struct {
			name  string
			m     memory
			admit bool
			why   string
		}{
			{"plenty", m, true, ""},
			{"the process is large", memory{201 << 20, 900 << 20, 1 << 30}, false, "holds 201 MiB"},
			{"enough again", memory{200 << 20, 32 << 20, 1 << 30}, true, ""},
			{"the machine is full", memory{1 << 20, 31 << 20, 1 << 30}, false, "31 MiB are available"},
			{"not known", memory{process: 1}, true, ""},
		} {
			m = step.m
			time.Sleep(memoryPeriod)
			for range 3 {
				s, why, ok := l.admit(httptest.NewRequest("GET", "/", nil), overLongPoll)
				if ok != step.admit || !ok && why != limitMemory {
					t.Errorf("%s: admitted %v (%v)", step.name, ok, why)
				}
				if ok {
					s.release()
				} else if text := l.explain(why); !strings.Contains(text, step.why) {
					t.Errorf("%s: explained as %q", step.name, text)
				}
			}
		}
		if reads != 5 {
			t.Errorf("the memory was looked at %d times in 5 seconds, want 5", reads)
		}
		wantStats(t, l, TransportStats{}, TransportStats{Accepted: 9, Refused: RefusedStats{Memory: 6}})
	})
}

func TestTheProcessKnowsItsMemory(t *testing.T) {
	debug.FreeOSMemory() // or the ballast finds room in what other tests have left
	before := readMemory(true)
	if before.process < 1<<20 || before.process > 1<<40 {
		t.Errorf("the process holds %d bytes?", before.process)
	}
	ballast := make([]byte, 64<<20)
	for i := 0; i < len(ballast); i += 4096 {
		ballast[i] = 1
	}
	if after := readMemory(false); after.process < before.process+32<<20 || after.total != 0 {
		t.Errorf("with 64 MiB more: %+v, before %+v", after, before)
	}
	runtime.KeepAlive(ballast)
	l := limited(t, Limits{MaxMemory: 1})
	if _, why, ok := l.admit(httptest.NewRequest("GET", "/", nil), overWebSocket); ok || why != limitMemory {
		t.Errorf("beyond MaxMemory: admitted %v (%v)", ok, why)
	}
}

func TestLimitsHaveNames(t *testing.T) {
	var names []string
	for l := range limitsCount {
		names = append(names, l.String())
	}
	if got := fmt.Sprint(names); got != "[connections address rate memory]" {
		t.Errorf("got %s", got)
	}
}

func BenchmarkAdmit(b *testing.B) {
	for name, limits := range map[string]Limits{"default": {}, "all": {MaxConnections: 10, MaxPerAddress: 10, AcceptRate: 1e9}} {
		b.Run(name, func(b *testing.B) {
			l, err := NewLimiter(limits)
			if err != nil {
				b.Fatal(err)
			}
			r := httptest.NewRequest("GET", "/", nil)
			b.ReportAllocs()
			for b.Loop() {
				s, _, ok := l.admit(r, overWebSocket)
				if !ok {
					b.Fatal("refused")
				}
				s.release()
			}
		})
	}
}
