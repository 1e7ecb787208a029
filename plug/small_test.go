package plug

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/internal/exchange"
	"github.com/bennu-go/bennu/internal/race"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/telemetry"
)

func TestMethodOverride(t *testing.T) {
	for _, tt := range []struct {
		method string
		value  any
		want   string
	}{
		{"POST", "put", "PUT"}, {"POST", "Patch", "PATCH"}, {"POST", "DELETE", "DELETE"},
		{"POST", "GET", "POST"}, {"POST", "", "POST"}, {"POST", "CONNECT", "POST"}, {"POST", []any{"PUT"}, "POST"}, {"GET", "PUT", "GET"}, {"PUT", "DELETE", "PUT"},
	} {
		w, r := param.SetBody(httptest.NewRecorder(), httptest.NewRequest(tt.method, "/?_method=DELETE", nil), param.Map{"_method": tt.value})
		MethodOverride()(http.HandlerFunc(func(_ http.ResponseWriter, inner *http.Request) {
			if inner.Method != tt.want || r.Method != tt.method {
				t.Errorf("%s with %v: got %s", tt.method, tt.value, inner.Method)
			}
		})).ServeHTTP(w, r)
	}
}

func TestHead(t *testing.T) {
	s := httptest.NewServer(Head()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Method) })))
	defer s.Close()
	res, err := http.Head(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if res.ContentLength != 3 || len(body) != 0 {
		t.Errorf("got a length of %d and %q", res.ContentLength, body)
	}
}

func TestRequestID(t *testing.T) {
	good := strings.Repeat("a", 20)
	for _, tt := range []struct {
		name  string
		given []string
		keep  bool
	}{
		{"none", nil, false}, {"short", []string{good[1:]}, false}, {"just long enough", []string{good}, true}, {"longest", []string{strings.Repeat("b", 200)}, true},
		{"too long", []string{strings.Repeat("b", 201)}, false}, {"two", []string{good, good}, false}, {"a control character", []string{good + "\x1b[31m"}, false},
		{"a space", []string{good + " x"}, false}, {"not ASCII", []string{good + "é"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rec, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
			r.Header["X-Request-Id"] = tt.given
			inner := ""
			RequestID()(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { inner = RequestIDOf(r.Context()) })).ServeHTTP(rec, r)
			if got := rec.Header().Get("X-Request-Id"); got != inner || len(inner) < 20 || (len(tt.given) == 1 && got == tt.given[0]) != tt.keep {
				t.Errorf("answered %q, inside %q", got, inner)
			}
		})
	}
	if RequestIDOf(context.Background()) != "" {
		t.Error("an id out of nothing")
	}
	rec, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-Trace", good)
	RequestIDWith(RequestIDConfig{Header: "x-trace", Distrust: true, Generate: func() string { return "mine" }})(http.NotFoundHandler()).ServeHTTP(rec, r)
	if rec.Header().Get("X-Trace") != "mine" {
		t.Errorf("got %v", rec.Header())
	}
	mustPanic(t, "name of a header", func() { RequestIDWith(RequestIDConfig{Header: "a b"}) })
}

func TestLogHandler(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(LogHandler(slog.NewTextHandler(&out, nil))).With("a", 1)
	RequestIDWith(RequestIDConfig{Generate: func() string { return "id-1" }})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		log.InfoContext(r.Context(), "in")
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	log.Info("out")
	lines := strings.Split(out.String(), "\n")
	if !strings.Contains(lines[0], "msg=in a=1 request_id=id-1") || strings.Contains(lines[1], "request_id") {
		t.Errorf("got %s", out.String())
	}
}

func TestTelemetry(t *testing.T) {
	var out bytes.Buffer
	tel := telemetry.New(telemetry.Config{})
	var starts []telemetry.RequestStart
	var stops []telemetry.RequestStop
	telemetry.Attach(tel, func(_ context.Context, e telemetry.RequestStart) { starts = append(starts, e) })
	telemetry.Attach(tel, func(_ context.Context, e telemetry.RequestStop) { stops = append(stops, e) })
	mux := http.NewServeMux()
	user := exchange.NewKey[string]("user")
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, r *http.Request) {
		x, w, _ := exchange.Begin(w, r)
		user.Set(x, "ada")
		w.WriteHeader(201)
		io.WriteString(w, "hello")
	})
	mux.HandleFunc("GET /stream", func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush() })
	mux.HandleFunc("GET /panic", func(w http.ResponseWriter, r *http.Request) { panic("oh") })
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, r *http.Request) {})
	h := Pipeline(RequestIDWith(RequestIDConfig{Generate: func() string { return "id-1" }}), Telemetry(TelemetryConfig{
		Telemetry: tel, Logger: slog.New(slog.NewJSONHandler(&out, nil)),
		Level: func(r *http.Request) telemetry.LogLevel {
			if r.URL.Path == "/health" {
				return telemetry.LogOff
			}
			return telemetry.LogWarn
		},
		User: func(r *http.Request) string { u, _ := user.Get(exchange.Of(r)); return u },
	}))(mux)
	for _, path := range []string{"/users/7?secret=1", "/stream", "/panic", "/health"} {
		func() {
			defer func() { _ = recover() }()
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
		}()
	}
	if diff := cmp.Diff(telemetry.RequestStart{RequestID: "id-1", Method: "GET", Path: "/users/7", Log: telemetry.LogOff}, starts[0]); diff != "" {
		t.Error(diff)
	}
	for i := range stops {
		if stops[i].Duration <= 0 {
			t.Error("no duration")
		}
		stops[i].Duration = 0
	}
	want := []telemetry.RequestStop{
		{RequestID: "id-1", Method: "GET", Path: "/users/7", Route: "GET /users/{id}", Status: 201, Bytes: 5, Log: telemetry.LogOff},
		{RequestID: "id-1", Method: "GET", Path: "/stream", Route: "GET /stream", Status: 200, Chunked: true, Log: telemetry.LogOff},
		{RequestID: "id-1", Method: "GET", Path: "/panic", Route: "GET /panic", Status: 500, Log: telemetry.LogOff},
		{RequestID: "id-1", Method: "GET", Path: "/health", Route: "GET /health", Status: 200, Log: telemetry.LogOff},
	}
	if diff := cmp.Diff(want, stops); diff != "" {
		t.Error(diff)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 {
		t.Fatalf("got lines %s", out.String())
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &line); err != nil {
		t.Fatal(err)
	}
	delete(line, "time")
	delete(line, "duration")
	if diff := cmp.Diff(map[string]any{"level": "WARN", "msg": "request", "method": "GET", "path": "/users/7", "route": "GET /users/{id}", "status": 201.0, "bytes": 5.0, "request_id": "id-1", "user": "ada"}, line); diff != "" {
		t.Error(diff)
	}
}

func TestBodyLimit(t *testing.T) {
	read := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			Refuse(w, r, err)
		}
	})
	for _, tt := range []struct {
		body    string
		unknown bool
		want    int
	}{{"12345", false, 200}, {"123456", false, 413}, {"12345", true, 200}, {"123456", true, 413}, {"", false, 200}} {
		rec, r := httptest.NewRecorder(), httptest.NewRequest("POST", "/", strings.NewReader(tt.body))
		if tt.unknown {
			r.ContentLength = -1
		}
		BodyLimit(5)(read).ServeHTTP(rec, r)
		if rec.Code != tt.want {
			t.Errorf("%q, unknown %v: got %d, want %d", tt.body, tt.unknown, rec.Code, tt.want)
		}
	}
	mustPanic(t, "number of bytes", func() { BodyLimit(-1) })
}

func TestTimeout(t *testing.T) {
	wait := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	run := func(h http.HandlerFunc, header ...string) *httptest.ResponseRecorder {
		rec, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		synctest.Test(t, func(t *testing.T) { Timeout(time.Second)(h).ServeHTTP(rec, r) })
		return rec
	}
	if rec := run(wait); rec.Code != 503 {
		t.Errorf("nothing sent: got %d", rec.Code)
	}
	if rec := run(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(204)
		wait(w, r)
	}); rec.Code != 204 {
		t.Errorf("begun: got %d", rec.Code)
	}
	if rec := run(func(w http.ResponseWriter, r *http.Request) {
		wait(w, r)
		Refuse(w, r, r.Context().Err())
	}); rec.Code != 503 {
		t.Errorf("an action's error: got %d", rec.Code)
	}
	for _, header := range [][]string{{"Accept", "text/event-stream"}, {"Connection", "keep-alive, Upgrade"}} {
		rec := run(func(w http.ResponseWriter, r *http.Request) {
			if _, ok := r.Context().Deadline(); ok {
				t.Errorf("%v has a deadline", header)
			}
		}, header...)
		if rec.Code != 200 {
			t.Errorf("%v: got %d", header, rec.Code)
		}
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	rec := httptest.NewRecorder()
	Timeout(time.Minute)(wait).ServeHTTP(rec, httptest.NewRequest("GET", "/", nil).WithContext(gone))
	if rec.Code != 200 || rec.Body.Len() != 0 {
		t.Error("a client that has left is answered")
	}
	mustPanic(t, "give the time", func() { Timeout(0) })
}

func TestScrubParams(t *testing.T) {
	up := &param.Upload{Filename: " "}
	body := param.Map{"user": map[string]any{"name": " ", "age": int64(1), "tags": []any{"", "a"}, "photo": up, "in": param.Map{"x": "\t"}}, "other": " "}
	var got param.Map
	h := ScrubParams("user")(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = param.Of(r) }))
	w, r := param.SetBody(httptest.NewRecorder(), httptest.NewRequest("POST", "/?user=%20&q=1", nil), body)
	h.ServeHTTP(w, r)
	want := param.Map{"user": map[string]any{"name": nil, "age": int64(1), "tags": []any{nil, "a"}, "photo": up, "in": map[string]any{"x": nil}}, "other": " ", "q": "1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for query, status := range map[string]int{"user[name]=": 200, "user=a": 200, "user=%20": 400, "user=": 400, "": 400, "User=a": 400} {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest("GET", "/?"+query, nil))
		if rec.Code != status {
			t.Errorf("%q: got %d, want %d", query, rec.Code, status)
		}
	}
}

func TestCompress(t *testing.T) {
	long := strings.Repeat("hello ", 1000)
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/html":
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Etag", `"v1"`)
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader(long))
		case "/small":
			io.WriteString(w, "small")
		case "/png":
			w.Header().Set("Content-Type", "image/png")
			io.WriteString(w, long)
		case "/coded":
			w.Header().Set("Content-Encoding", "br")
			io.WriteString(w, long)
		case "/events":
			w.Header().Set("Content-Type", "text/event-stream")
			io.WriteString(w, long)
		case "/hijack":
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
			c.Close()
		}
	})
	s := httptest.NewServer(Pipeline(Compress(CompressConfig{}), Compress(CompressConfig{Jitter: 10}))(inner))
	defer s.Close()
	get := func(path string, header ...string) (*http.Response, string) {
		r, _ := http.NewRequest("GET", s.URL+path, nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		res, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		return res, string(b)
	}
	for _, tt := range []struct{ path, accept, want string }{
		{"/html", "gzip", "gzip"}, {"/html", "gzip, zstd", "zstd"}, {"/html", "br", ""}, {"/html", "gzip;q=0", ""}, {"/small", "gzip", ""},
		{"/png", "gzip", ""}, {"/coded", "gzip, br", "br"}, {"/events", "gzip", ""}, {"/hijack", "gzip", ""},
	} {
		res, body := get(tt.path, "Accept-Encoding", tt.accept)
		if got := res.Header.Get("Content-Encoding"); got != tt.want || res.StatusCode != 200 {
			t.Errorf("%s for %s: got %d in %q, want %q", tt.path, tt.accept, res.StatusCode, got, tt.want)
		}
		if tt.want == "" && tt.path == "/html" && body != long {
			t.Errorf("%s for %s: got another body", tt.path, tt.accept)
		}
	}
	first, _ := get("/html", "Accept-Encoding", "gzip")
	tag := first.Header.Get("Etag")
	second, body := get("/html", "Accept-Encoding", "gzip", "If-None-Match", tag)
	if tag != `"v1-gzip"` || second.StatusCode != 304 || body != "" || second.Header.Get("Etag") != tag {
		t.Errorf("tag %s: got %d with %s", tag, second.StatusCode, second.Header.Get("Etag"))
	}
	if res, _ := get("/html", "Accept-Encoding", "gzip", "If-None-Match", `"v2-gzip"`); res.StatusCode != 200 {
		t.Errorf("another tag: got %d", res.StatusCode)
	}
	if res, _ := get("/html", "Accept-Encoding", "gzip", "Accept", "text/event-stream"); res.Header.Get("Content-Encoding") != "" {
		t.Error("a stream of events is compressed")
	}
	mustPanic(t, "levels", func() { Compress(CompressConfig{Level: 10}) })
}

// TestCompressPanic: a handler that panics before it writes leaves the answer to whoever recovers.
func TestCompressPanic(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	rec := httptest.NewRecorder()
	x, w, r := exchange.Begin(rec, r)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		Compress(CompressConfig{})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oh") })).ServeHTTP(w, r)
	}()
	if x.Writer().Began() {
		t.Error("the answer has begun")
	}
}

func TestSmallAllocs(t *testing.T) {
	end := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for name, tt := range map[string]struct {
		plug Plug
		want float64
	}{
		"RequestID":                        {RequestID(), 3}, // the id, its box, the header's slice
		"Telemetry off":                    {Telemetry(TelemetryConfig{}), 0},
		"Telemetry that nobody listens to": {Telemetry(TelemetryConfig{Telemetry: telemetry.New(telemetry.Config{})}), 0},
		"MethodOverride":                   {MethodOverride(), 0},
		"Head":                             {Head(), 0},
	} {
		h := tt.plug(end)
		w, r := SetErrors(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), WriteError)
		if n := testing.AllocsPerRun(100, func() { h.ServeHTTP(w, r) }); n > tt.want && !race.Enabled {
			t.Errorf("%s: got %v allocations, want %v", name, n, tt.want)
		}
	}
}
