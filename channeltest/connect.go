package channeltest

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/bennu-go/bennu/csrf"
	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/transport"
)

// Options of a connection. The zero value is what phoenix.js does without options.
type Options struct {
	// Vsn is the version of the protocol: "1.0.0" or "2.0.0". Empty means "2.0.0".
	Vsn string
	// Header is added to the request: Origin, User-Agent, X-Forwarded-For and the like. Nil: none.
	Header http.Header
	// PeerAddr is the client's address. Empty means "192.0.2.1:1234".
	PeerAddr string
	// AuthToken is phoenix.js's option authToken. Empty: none.
	AuthToken string
	// Session is what the browser's session cookie holds, with its CSRF token already proven. Nil: there is none, unless Config.Connect.Session reads one.
	Session map[string]any
	// Path that the socket is mounted on. Empty means "/socket".
	Path string
}

// A RefusedError says how a client was refused.
type RefusedError struct {
	Status int    // of HTTP
	Body   string // of the answer; empty unless the refusal has a reason
	Err    error  // what Connect returned; nil if it was not asked
}

// Error implements error.
func (e *RefusedError) Error() string {
	s := fmt.Sprintf("channeltest: refused with status %d", e.Status)
	if e.Body != "" {
		s += " " + e.Body
	}
	if e.Err != nil {
		return s + ": " + e.Err.Error()
	}
	return s + " before Connect was asked"
}

// Unwrap returns Err.
func (e *RefusedError) Unwrap() error { return e.Err }

// Connect connects a client with parameters, or fails the test.
func (a *App) Connect(params map[string]any) *Client {
	a.t.Helper()
	c, err := a.TryConnect(params, Options{})
	if err != nil {
		a.t.Fatalf("%v; TryConnect is for clients that may be refused", err)
	}
	return c
}

// TryConnect connects a client, or says why it was refused: then the error is a [*RefusedError]. The request takes the way of a real one, through the checks
// of its origin, version, token and session.
func (a *App) TryConnect(params map[string]any, o Options) (*Client, error) {
	a.t.Helper()
	cfg := a.cfg.Connect
	cfg.AuthToken = true
	if o.Session != nil {
		params = o.proveSession(&cfg, params)
	}
	r, err := a.request(params, o)
	if err != nil {
		a.t.Fatalf("channeltest: %v", err)
	}
	env := a.env
	env.Logger = slog.New(errorsOnly{a.env.Logger.Handler()})
	g := &gate{Socket: a.socket}
	ws, err := transport.NewWebSocket(env, g, transport.WebSocketConfig{ConnectConfig: cfg})
	if err != nil {
		a.t.Fatalf("channeltest: Config.Connect: %v", err)
	}
	answer := httptest.NewRecorder()
	ws.ServeHTTP(answer, r)
	if g.session == nil {
		return nil, &RefusedError{Status: answer.Code, Body: strings.TrimSpace(answer.Body.String()), Err: g.err}
	}
	return a.open(g.session, g.serializer), nil
}

func (a *App) request(params map[string]any, o Options) (*http.Request, error) {
	if o.Vsn == "" {
		o.Vsn = "2.0.0"
	}
	if o.Path == "" {
		o.Path = "/socket"
	}
	if o.PeerAddr == "" {
		o.PeerAddr = "192.0.2.1:1234"
	}
	all := param.Map{"vsn": o.Vsn}
	for key, value := range params {
		all[key] = value
	}
	query, err := param.Encode(all)
	if err != nil {
		return nil, fmt.Errorf("connect parameters: %w", err)
	}
	r := httptest.NewRequestWithContext(a.t.Context(), http.MethodGet, "http://www.example.com"+o.Path+"/websocket?"+query, nil)
	r.RemoteAddr = o.PeerAddr
	for name, values := range o.Header {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "websocket")
	r.Header.Set("Sec-WebSocket-Version", "13")
	r.Header.Set("Sec-WebSocket-Key", "MDEyMzQ1Njc4OWFiY2RlZg==")
	if o.AuthToken != "" {
		r.Header.Add("Sec-WebSocket-Protocol", "phoenix, base64url.bearer.phx."+base64.RawStdEncoding.EncodeToString([]byte(o.AuthToken)))
	}
	return r, nil
}

// gate lets a request through to the socket, and keeps what came of it from the transport, which has no connection to give it to.
type gate struct {
	transport.Socket
	session    transport.Session
	serializer wire.Serializer
	err        error
}

func (g *gate) Connect(ctx context.Context, r *transport.ConnectRequest) (transport.Session, error) {
	s, err := g.Socket.Connect(ctx, r)
	if err != nil {
		g.err = err
		return nil, err
	}
	g.session, g.serializer = s, r.Serializer
	return noSession{}, nil
}

// noSession is what the transport closes when it finds no connection.
type noSession struct{}

func (noSession) ID() string                             { return "" }
func (noSession) Open(transport.Conn)                    {}
func (noSession) Receive(transport.Opcode, []byte) error { return nil }
func (noSession) Drain()                                 {}
func (noSession) Closed(error)                           {}

// errorsOnly keeps the transport from warning that it finds no connection.
type errorsOnly struct{ slog.Handler }

func (h errorsOnly) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelError && h.Handler.Enabled(ctx, level)
}

// proveSession makes a browser of the client: its cookie stands for Session, and a parameter proves that the page is one of the application's.
func (o *Options) proveSession(cfg *transport.ConnectConfig, params map[string]any) map[string]any {
	key := cfg.CSRFKey
	if key == "" {
		key = csrf.SessionKey
	}
	data := maps.Clone(o.Session)
	state, ok := data[key].(string)
	if !ok {
		state = csrf.New()
		data[key] = state
	}
	cfg.Session = cookie(data)
	with := map[string]any{csrf.Param: csrf.Mask(state)}
	maps.Copy(with, params)
	o.Header = o.Header.Clone()
	if o.Header == nil {
		o.Header = http.Header{}
	}
	o.Header.Add("Cookie", cookieName+"=browser")
	return with
}

const cookieName = "_channeltest"

// cookie implements session.Store: every value stands for the same session.
type cookie map[string]any

func (c cookie) Cookie(*http.Request, string) *http.Cookie {
	return &http.Cookie{Name: cookieName, Value: "browser"}
}
func (c cookie) Get(context.Context, string) (string, map[string]any, error) {
	return "", maps.Clone(c), nil
}
func (c cookie) Put(context.Context, string, map[string]any) (string, error) { return "browser", nil }
func (c cookie) Delete(context.Context, string) error                        { return nil }
