package transport

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/csrf"
	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/token"
	"github.com/google/go-cmp/cmp"
)

func quiet(c *ConnectConfig) *ConnectConfig {
	c.bind(Env{Logger: slog.New(slog.DiscardHandler)}, &lpSocket{})
	return c
}

// customSerializer is a serializer of the application.
type customSerializer struct{ wire.V2 }

func (customSerializer) Vsn() string { return "3.0.0" }
func (customSerializer) Index() int  { return -1 }

func TestConnectVersion(t *testing.T) {
	own := []Supported{{Serializer: customSerializer{}, Requirement: "~> 3.0.0"}, {Serializer: wire.V2{}, Requirement: "== 2.0.0"}}
	for _, tt := range []struct {
		query string
		list  []Supported
		want  string // version; empty: refused
	}{
		{"", nil, "1.0.0"},
		{"vsn=1.0.0", nil, "1.0.0"},
		{"vsn=1.0.7", nil, "1.0.0"},
		{"vsn=2.0.0", nil, "2.0.0"},
		{"vsn=2", nil, ""},
		{"vsn=2.0", nil, ""},
		{"vsn=2.1.0", nil, ""},
		{"vsn=3.0.0", nil, ""},
		{"vsn=", nil, ""},
		{"vsn[]=2.0.0", nil, ""},
		{"vsn[a]=2.0.0", nil, ""},
		{"vsn=3.0.1", own, "3.0.0"},
		{"vsn=2.0.0", own, "2.0.0"},
		{"vsn=2.0.1", own, ""},
		{"", own, ""},
	} {
		t.Run(fmt.Sprintf("%s of %d", tt.query, len(tt.list)), func(t *testing.T) {
			c := quiet(&ConnectConfig{Serializers: tt.list})
			req, err := c.prepare(httptest.NewRequest("GET", "/socket/websocket?"+tt.query, nil), "websocket")
			if tt.want == "" {
				var refused *wire.VersionError
				if !errors.As(err, &refused) || refusalOf(err).Status != 403 {
					t.Errorf("got %v, want a refusal with 403 for the version", err)
				}
				return
			}
			if err != nil || req.Serializer.Vsn() != tt.want {
				t.Errorf("got %v, %v, want %s", req, err, tt.want)
			}
		})
	}
}

func TestConnectParams(t *testing.T) {
	var got param.Map
	var gotErr error
	c := quiet(&ConnectConfig{})
	serve := func(pattern, target string) {
		t.Helper()
		got, gotErr = nil, nil
		mux := http.NewServeMux()
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			req, err := c.prepare(r, "websocket")
			if err == nil {
				got = req.Params
			}
			gotErr = err
		})
		mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", target, nil))
	}
	serve("/ws/{user}/{_version}/websocket", "/ws/7/v1/websocket?a[b]=1&user=8")
	if diff := cmp.Diff(param.Map{"a": map[string]any{"b": "1"}, "user": "7"}, got); diff != "" {
		t.Errorf("path over query (-want +got):\n%s", diff)
	}
	serve("GET /ws/{rest...}", "/ws/x/y")
	if diff := cmp.Diff(param.Map{"rest": "x/y"}, got); diff != "" {
		t.Errorf("rest of the path (-want +got):\n%s", diff)
	}
	serve("/ws/{$}", "/ws/?q=1")
	if diff := cmp.Diff(param.Map{"q": "1"}, got); diff != "" {
		t.Errorf("end of the path (-want +got):\n%s", diff)
	}
	serve("/ws/{vsn}", "/ws/9.9.9?vsn=2.0.0")
	if gotErr == nil {
		t.Error("a version in the path was not taken")
	}
	serve("/ws", "/ws?a=%zz")
	if s := refusalOf(gotErr).Status; s != 400 {
		t.Errorf("got status %d for a query that does not decode, want 400", s)
	}
	serve("/ws", "/ws?a="+strings.Repeat("x", param.MaxLength))
	if s := refusalOf(gotErr).Status; s != 414 {
		t.Errorf("got status %d for a query that is too long, want 414", s)
	}
}

func TestConnectAuthToken(t *testing.T) {
	b64 := func(s string) string {
		return "base64url.bearer.phx." + base64.RawStdEncoding.EncodeToString([]byte(s))
	}
	for _, tt := range []struct {
		name      string
		off       bool
		offered   []string
		token     string
		left      string // of the header, as connect sees it
		status    int
		protocols []string
	}{
		{name: "none"},
		{name: "one", offered: []string{"phoenix, " + b64("t0k/+>")}, token: "t0k/+>", left: "phoenix"},
		{name: "one in a header of its own", offered: []string{"phoenix", b64("abc")}, token: "abc", left: "phoenix"},
		{name: "alone", offered: []string{b64("abc")}, token: "abc"},
		{name: "two", offered: []string{"phoenix, " + b64("a") + ", " + b64("b")}, left: "phoenix, " + b64("a") + ", " + b64("b")},
		{name: "empty", offered: []string{"phoenix, " + b64("")}, left: "phoenix"},
		{name: "not base64", offered: []string{"phoenix, base64url.bearer.phx.!!"}, status: 400},
		{name: "URL alphabet", offered: []string{"phoenix, base64url.bearer.phx." + base64.RawURLEncoding.EncodeToString([]byte{0xFF, 0xFE, 0xFD})}, token: "\xFF\xFE\xFD", left: "phoenix"},
		{name: "off", off: true, offered: []string{"phoenix, " + b64("abc")}, left: "phoenix, " + b64("abc")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := quiet(&ConnectConfig{AuthToken: !tt.off, Subprotocols: tt.protocols})
			r := httptest.NewRequest("GET", "/socket/websocket", nil)
			if tt.offered != nil {
				r.Header[protocolHeader] = tt.offered
			}
			req, err := c.prepare(r, "websocket")
			if tt.status != 0 {
				if err == nil || refusalOf(err).Status != tt.status {
					t.Errorf("got %v, want status %d", err, tt.status)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if req.AuthToken != tt.token {
				t.Errorf("got token %q, want %q", req.AuthToken, tt.token)
			}
			if got := strings.Join(req.SecWebSocketHeaders().Values("Sec-WebSocket-Protocol"), ", "); got != tt.left {
				t.Errorf("connect sees the subprotocols %q, want %q", got, tt.left)
			}
			if diff := cmp.Diff(tt.offered, r.Header[protocolHeader]); diff != "" {
				t.Errorf("the caller's request was changed:\n%s", diff)
			}
		})
	}
	t.Run("long-poll", func(t *testing.T) {
		r := httptest.NewRequest("GET", "/socket/longpoll", nil)
		r.Header.Set("X-Phoenix-AuthToken", "abc")
		for _, on := range []bool{true, false} {
			req, err := quiet(&ConnectConfig{AuthToken: on}).prepare(r, "longpoll")
			if err != nil || (req.AuthToken == "abc") != on {
				t.Errorf("AuthToken %v: got %v, %v", on, req, err)
			}
		}
	})
}

func TestConnectSubprotocol(t *testing.T) {
	for _, tt := range []struct {
		name    string
		server  []string
		auth    bool
		offered string
		want    string
		refused bool
	}{
		{"not configured", nil, false, "mqtt", "", false},
		{"nothing offered", []string{"sip"}, false, "", "", false},
		{"the server's order counts", []string{"sip", "mqtt"}, false, "mqtt,sip", "sip", false},
		{"none in common", []string{"sip"}, false, "mqtt", "", true},
		{"phoenix with a token", nil, true, "phoenix, base64url.bearer.phx.YWJj", "phoenix", false},
		{"phoenix before the others", []string{"sip"}, true, "sip, phoenix", "phoenix", false},
		{"with a token, others alone", nil, true, "mqtt", "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := quiet(&ConnectConfig{Subprotocols: tt.server, AuthToken: tt.auth})
			r := httptest.NewRequest("GET", "/", nil)
			if tt.offered != "" {
				r.Header.Set("Sec-WebSocket-Protocol", tt.offered)
			}
			if got := c.subprotocol(r); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			_, err := c.prepare(r, "websocket")
			if (err != nil) != tt.refused {
				t.Errorf("got %v, want refused = %v", err, tt.refused)
			}
			if err != nil && refusalOf(err).Status != 403 {
				t.Errorf("got status %d, want 403", refusalOf(err).Status)
			}
			if _, err := c.prepare(r, "longpoll"); err != nil {
				t.Errorf("long-poll has no subprotocols, got %v", err)
			}
		})
	}
}

// mapStore is a store in which the cookie is a key.
type mapStore map[string]map[string]any

func (m mapStore) Cookie(_ *http.Request, value string) *http.Cookie {
	return &http.Cookie{Name: "_app", Value: value}
}

func (m mapStore) Get(_ context.Context, value string) (string, map[string]any, error) {
	if value == "broken" {
		return "", nil, errors.New("the store is away")
	}
	return value, m[value], nil
}

func (m mapStore) Put(context.Context, string, map[string]any) (string, error) { return "", nil }
func (m mapStore) Delete(context.Context, string) error                        { return nil }

func TestConnectSession(t *testing.T) {
	state := csrf.New()
	tokens := token.New(token.Config{Secrets: token.Secrets{strings.Repeat("s", 64)}})
	hostToken, err := csrf.SignHost(tokens, state, "example.com")
	if err != nil {
		t.Fatal(err)
	}
	data := map[string]any{"user": "ada", "_csrf_token": state, "own": state}
	store := mapStore{"c1": data, "none": {}, "plain": {"user": "ada"}}
	for _, tt := range []struct {
		name   string
		config ConnectConfig
		cookie string
		token  string
		want   map[string]any
	}{
		{"no store", ConnectConfig{}, "c1", csrf.Mask(state), nil},
		{"no cookie", ConnectConfig{Session: store}, "", csrf.Mask(state), nil},
		{"cookie of no session", ConnectConfig{Session: store}, "c9", csrf.Mask(state), nil},
		{"store that fails", ConnectConfig{Session: store}, "broken", csrf.Mask(state), nil},
		{"masked token", ConnectConfig{Session: store}, "c1", csrf.Mask(state), data},
		{"no token", ConnectConfig{Session: store}, "c1", "", nil},
		{"token as it is in the session", ConnectConfig{Session: store}, "c1", state, nil},
		{"token of another session", ConnectConfig{Session: store}, "c1", csrf.Mask(csrf.New()), nil},
		{"session without a token", ConnectConfig{Session: store}, "plain", csrf.Mask(state), nil},
		{"skipped", ConnectConfig{Session: store, SkipCSRF: true}, "plain", "", store["plain"]},
		{"skipped, empty session", ConnectConfig{Session: store, SkipCSRF: true}, "none", "", nil},
		{"another key", ConnectConfig{Session: store, CSRFKey: "own"}, "c1", csrf.Mask(state), data},
		{"another key that is not there", ConnectConfig{Session: store, CSRFKey: "other"}, "c1", csrf.Mask(state), nil},
		{"token of the host", ConnectConfig{Session: store, Tokens: tokens}, "c1", hostToken, data},
		{"token of the host without Tokens", ConnectConfig{Session: store}, "c1", hostToken, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q, err := param.Encode(param.Map{"_csrf_token": tt.token})
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest("GET", "http://example.com/socket/websocket?"+q, nil)
			if tt.cookie != "" {
				r.AddCookie(&http.Cookie{Name: "_app", Value: tt.cookie})
			}
			req, err := quiet(&tt.config).prepare(r, "websocket")
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if diff := cmp.Diff(tt.want, req.Session()); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			}
		})
	}
	if (&ConnectRequest{Request: httptest.NewRequest("GET", "/", nil)}).Session() != nil {
		t.Error("a request made by hand has a session")
	}
}

func TestConnectRequestInfo(t *testing.T) {
	r := originRequest("https://example.com/socket/websocket?a=1", none)
	r.RemoteAddr = "[2001:db8::1]:5000"
	r.Header.Set("User-Agent", "tests/1")
	r.Header.Set("X-Forwarded-For", "192.0.2.1")
	r.Header.Set("X-Request-Id", "r1")
	r.Header.Set("Traceparent", "00-1")
	r.Header.Set("Tracestate", "v=1")
	r.Header.Set("Sec-WebSocket-Version", "13")
	r.Header.Set("Cookie", "secret")
	req, err := quiet(&ConnectConfig{}).prepare(r, "websocket")
	if err != nil {
		t.Fatal(err)
	}
	if got := req.PeerAddr().String(); got != "[2001:db8::1]:5000" {
		t.Errorf("got peer %s", got)
	}
	if got := req.URI().String(); got != "https://example.com/socket/websocket?a=1" {
		t.Errorf("got URI %s", got)
	}
	if req.UserAgent() != "tests/1" || req.Transport != "websocket" {
		t.Errorf("got %q, %q", req.UserAgent(), req.Transport)
	}
	for _, tt := range []struct {
		name      string
		got, want http.Header
	}{
		{"x headers", req.XHeaders(), http.Header{"X-Forwarded-For": {"192.0.2.1"}, "X-Request-Id": {"r1"}}},
		{"trace context", req.TraceContext(), http.Header{"Traceparent": {"00-1"}, "Tracestate": {"v=1"}}},
		{"sec-websocket headers", req.SecWebSocketHeaders(), http.Header{"Sec-Websocket-Version": {"13"}}},
	} {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	r.RemoteAddr = "@"
	if req.PeerAddr().IsValid() {
		t.Error("an address that is none is valid")
	}
}

func TestConnectConfigWrongWiring(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config ConnectConfig
		want   string
	}{
		{"both checks off", ConnectConfig{CheckOrigin: OriginAny(), SkipCSRF: true, Session: mapStore{}}, "any page on the web"},
		{"serializer that is nil", ConnectConfig{Serializers: []Supported{{Requirement: "~> 2.0.0"}}}, "Serializers[0]"},
		{"requirement", ConnectConfig{Serializers: []Supported{{Serializer: wire.V2{}, Requirement: ">= 2"}}}, "~> x.y.z"},
		{"subprotocols in one string", ConnectConfig{Subprotocols: []string{"a, b"}}, "without commas"},
		{"bearer as subprotocol", ConnectConfig{Subprotocols: []string{bearerPrefix + "x"}}, "AuthToken"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.config.validate(); err == nil || !strings.HasPrefix(err.Error(), "transport: ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
	for _, c := range []ConnectConfig{{}, {CheckOrigin: OriginAny(), SkipCSRF: true}, {CheckOrigin: OriginAny(), Session: mapStore{}}, {SkipCSRF: true, Session: mapStore{}}} {
		if err := c.validate(); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestRefusal(t *testing.T) {
	plain := errors.New("no such user")
	for _, tt := range []struct {
		name   string
		err    error
		status int
		code   int
		body   string
		header string
	}{
		{"plain error", plain, 403, 4403, "", ""},
		{"refuse", Refuse(401, "token expired"), 401, 4401, "token expired\n", ""},
		{"wrapped", fmt.Errorf("connect: %w", Refuse(429, "slow down")), 429, 4429, "slow down\n", ""},
		{"close code", &Refusal{Status: 503, CloseCode: 4999, Header: http.Header{"Retry-After": {"5"}}}, 503, 4999, "", "5"},
		{"no status", &Refusal{Reason: "no"}, 403, 4403, "no\n", ""},
		{"status that is none", Refuse(200, "no"), 403, 4403, "no\n", ""},
		{"nil refusal", (*Refusal)(nil), 403, 4403, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := refusalOf(tt.err)
			w := httptest.NewRecorder()
			r.answer(w, httptest.NewRequest("GET", "/", nil), &ConnectConfig{})
			if w.Code != tt.status || w.Body.String() != tt.body || w.Header().Get("Retry-After") != tt.header || r.closeCode() != tt.code {
				t.Errorf("got %d %q %q, close code %d, want %d %q %q, %d", w.Code, w.Body, w.Header().Get("Retry-After"), r.closeCode(),
					tt.status, tt.body, tt.header, tt.code)
			}
		})
	}
	if r := refusalOf(plain); !errors.Is(r, plain) || !strings.Contains(r.Error(), "no such user") {
		t.Errorf("got %v, want it to wrap the cause", r)
	}
	t.Run("error handler", func(t *testing.T) {
		c := &ConnectConfig{ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) { w.WriteHeader(418) }}
		for _, tt := range []struct {
			err  *Refusal
			want int
		}{{refusalOf(plain), 418}, {refusalOf(Refuse(401, "x")), 418}, {refusedEarly(403, "origin", plain), 403}} {
			w := httptest.NewRecorder()
			tt.err.answer(w, httptest.NewRequest("GET", "/", nil), c)
			if w.Code != tt.want {
				t.Errorf("%v: got %d, want %d", tt.err, w.Code, tt.want)
			}
		}
	})
}
