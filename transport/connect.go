package transport

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/bennu-go/bennu/csrf"
	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/session"
	"github.com/bennu-go/bennu/telemetry"
	"github.com/bennu-go/bennu/token"
)

// The types of which a serializer of one's own is made.
type (
	// A Serializer turns messages into bytes and back.
	Serializer = wire.Serializer
	// Supported is a Serializer and the versions that it serves: "~> 2.0.0" or "== 2.0.0".
	Supported = wire.Supported
	// An Inbound is a message of a client.
	Inbound = wire.Inbound
	// A Payload is the body of a message to a client.
	Payload = wire.Payload
	// A Ref is a client's mark on a message.
	Ref = wire.Ref
	// An Opcode says whether a message is text or binary.
	Opcode = frame.Opcode
)

// ConnectConfig is what all transports have in common. The zero value works.
type ConnectConfig struct {
	// CheckOrigin says from which web pages browsers may connect. The zero value is OriginHost: those of URL's host.
	CheckOrigin Origin
	// URL that the application has in browsers. The endpoint fills it in.
	URL *url.URL
	// AuthToken has the token that clients give as authToken delivered to connect. Off by default.
	AuthToken bool
	// Subprotocols of WebSocket that the server speaks, best first. A client that offers only others is refused. Nil: what clients offer is ignored.
	Subprotocols []string
	// Session reads the browser's session for connect. Nil: there is none.
	Session session.Store
	// SkipCSRF delivers the session without the proof that the page is one of ours. Off by default.
	SkipCSRF bool
	// CSRFKey under which the session holds the CSRF token. Empty means csrf.SessionKey, "_csrf_token".
	CSRFKey string
	// Tokens of the application, for CSRF tokens that are bound to a host and for long-poll sessions. The endpoint fills it in. Nil: only CSRF tokens
	// that are not bound are valid, and long-poll sessions are found on their own node only.
	Tokens *token.Tokens
	// Serializers among which a client chooses by vsn; the first that fits is taken. Nil means V1 for "~> 1.0.0" and V2 for "~> 2.0.0".
	Serializers []Supported
	// VisibleRefusals lets pages see why they were refused; see Refusal. Off by default: an HTTP status, which browsers hide.
	VisibleRefusals bool
	// ErrorHandler answers WebSocket requests that connect has refused, err being a *Refusal. Nil means the Refusal's status, headers and reason.
	ErrorHandler func(w http.ResponseWriter, r *http.Request, err error)

	env  Env // of bind
	name string
	seen *seen // what was logged
}

const bearerPrefix = "base64url.bearer.phx."

// validate finds what is wrong with a configuration before the first client does.
func (c *ConnectConfig) validate() error {
	if err := c.CheckOrigin.err; err != nil {
		return fmt.Errorf("transport: CheckOrigin: %w", err)
	}
	if c.CheckOrigin.rule == originAny && c.SkipCSRF && c.Session != nil {
		return errors.New("transport: CheckOrigin is OriginAny and SkipCSRF is set while Session delivers cookies: any page on the web could connect " +
			"in the name of its visitors; keep one of the two checks, or leave Session out")
	}
	for i, s := range c.Serializers {
		if err := s.Validate(); err != nil {
			return fmt.Errorf("transport: Serializers[%d]: %w", i, err)
		}
	}
	for _, p := range c.Subprotocols {
		if p == "" || strings.ContainsAny(p, " ,;\t\r\n\"") {
			return fmt.Errorf("transport: Subprotocols: %q is no name of a subprotocol: give each name by itself, without commas or spaces", p)
		}
		if strings.HasPrefix(p, bearerPrefix) {
			return fmt.Errorf("transport: Subprotocols: %q is how clients send tokens: set AuthToken instead", p)
		}
	}
	return nil
}

// bind tells c where it belongs, for what it logs and emits.
func (c *ConnectConfig) bind(env Env, socket Socket) {
	c.env, c.name, c.seen = env, socket.Name(), &seen{}
}

// prepare does all that comes before the socket is asked: origin, parameters, auth token, subprotocol and version. Errors are *Refusal.
func (c *ConnectConfig) prepare(r *http.Request, transport string) (*ConnectRequest, error) {
	if err := c.checkOrigin(r); err != nil {
		return nil, err
	}
	params, err := c.params(r)
	if err != nil {
		return nil, err
	}
	return c.request(r, transport, params)
}

func (c *ConnectConfig) checkOrigin(r *http.Request) error {
	origin, ok := c.CheckOrigin.allows(r, c.URL)
	if ok {
		return nil
	}
	if c.firstTime("origin " + origin) {
		c.logger().Error(originHelp(origin, &c.CheckOrigin, r, c.URL), "socket", c.name)
	}
	return c.refuse(r, refusedEarly(http.StatusForbidden, "origin", fmt.Errorf("origin %.200q is not allowed", origin)))
}

func (c *ConnectConfig) params(r *http.Request) (param.Map, error) {
	params, err := param.Decode(r.URL.RawQuery)
	if err != nil {
		status := http.StatusBadRequest
		if errors.Is(err, param.ErrTooLong) {
			status = http.StatusRequestURITooLong
		}
		return nil, c.refuse(r, refusedEarly(status, "params", err))
	}
	pathParams(r, params)
	return params, nil
}

func (c *ConnectConfig) request(r *http.Request, transport string, params param.Map) (*ConnectRequest, error) {
	req := &ConnectRequest{Request: r, Params: params, Transport: transport, config: c}
	if transport == "websocket" {
		if err := c.bearer(req); err != nil {
			return nil, c.refuse(r, refusedEarly(http.StatusBadRequest, "auth_token", err))
		}
		if c.subprotocol(req.Request) == "" && len(c.allowedProtocols()) > 0 && len(offered(req.Request)) > 0 {
			err := fmt.Errorf("the client offers none of the subprotocols %q", c.allowedProtocols())
			if c.firstTime("subprotocol " + strings.Join(r.Header.Values(protocolHeader), ",")) {
				c.logger().Error("transport: refused a client: "+err.Error()+"; add what it offers to ConnectConfig.Subprotocols if it is right",
					"socket", c.name, "offered", len(offered(r)))
			}
			return nil, c.refuse(r, refusedEarly(http.StatusForbidden, "subprotocol", err))
		}
	} else if c.AuthToken {
		req.AuthToken = r.Header.Get("X-Phoenix-AuthToken")
	}
	var err error
	if req.Serializer, err = c.negotiate(params); err != nil {
		if c.firstTime(err.Error()) {
			c.logger().Warn("transport: refused a client that speaks another version", "socket", c.name, "error", err)
		}
		return nil, c.refuse(r, refusedEarly(http.StatusForbidden, "vsn", err))
	}
	return req, nil
}

func (c *ConnectConfig) negotiate(params param.Map) (Serializer, error) {
	value, present := params["vsn"]
	vsn, ok := value.(string)
	if present && !ok {
		vsn = "a list or map" // which is no version, and so refused as such
	}
	if c.Serializers == nil {
		return wire.Negotiate(vsn, present)
	}
	return wire.NegotiateIn(c.Serializers, vsn, present)
}

const protocolHeader = "Sec-Websocket-Protocol"

// offered lists the subprotocols that a client offers.
func offered(r *http.Request) (names []string) {
	for _, v := range r.Header[protocolHeader] {
		for name := range strings.SplitSeq(v, ",") {
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}

// bearer takes the token out of the subprotocols, if exactly one of them is a token. The caller's request stays as it is.
func (c *ConnectConfig) bearer(req *ConnectRequest) error {
	if !c.AuthToken {
		return nil
	}
	var others []string
	token, tokens := "", 0
	for _, name := range offered(req.Request) {
		if t, ok := strings.CutPrefix(name, bearerPrefix); ok {
			token, tokens = t, tokens+1
		} else {
			others = append(others, name)
		}
	}
	if tokens != 1 {
		return nil
	}
	// Clients use the standard alphabet, whatever the prefix says.
	decoded, err := base64.RawStdEncoding.DecodeString(token)
	if err != nil {
		decoded, err = base64.RawURLEncoding.DecodeString(token)
	}
	if err != nil {
		return errors.New("the auth token is not base64 without padding")
	}
	r := *req.Request
	r.Header = r.Header.Clone()
	r.Header.Del(protocolHeader)
	if len(others) > 0 {
		r.Header.Set(protocolHeader, strings.Join(others, ", "))
	}
	req.Request, req.AuthToken = &r, string(decoded)
	return nil
}

func (c *ConnectConfig) allowedProtocols() []string {
	if !c.AuthToken {
		return c.Subprotocols
	}
	return append([]string{"phoenix"}, c.Subprotocols...) // what phoenix.js offers beside a token, and wants to hear
}

// subprotocol is the one to name in the answer: the first of the server's that the client offers; empty: none.
func (c *ConnectConfig) subprotocol(r *http.Request) string {
	allowed := c.allowedProtocols()
	if len(allowed) == 0 {
		return ""
	}
	names := offered(r)
	for _, name := range allowed {
		if slices.Contains(names, name) {
			return name
		}
	}
	return ""
}

// readSession reads the session of r; see ConnectRequest.Session.
func (c *ConnectConfig) readSession(r *http.Request, params param.Map) map[string]any {
	if c == nil || c.Session == nil {
		return nil
	}
	data, err := session.Read(r, c.Session)
	if err != nil {
		c.logger().Warn("transport: reading the session of a client that connects", "socket", c.name, "error", err)
		return nil
	}
	if len(data) == 0 || !c.SkipCSRF && !c.provenOurs(r, data, params) {
		return nil
	}
	return data
}

// provenOurs reports whether the page that connects knows the session's CSRF token.
func (c *ConnectConfig) provenOurs(r *http.Request, data map[string]any, params param.Map) bool {
	key := c.CSRFKey
	if key == "" {
		key = csrf.SessionKey
	}
	state, _ := data[key].(string)
	presented, _ := params[csrf.Param].(string)
	if c.Tokens == nil {
		return csrf.Valid(state, presented)
	}
	return csrf.ValidFor(c.Tokens, state, presented, requestURL(r).Hostname())
}

func (c *ConnectConfig) refuse(r *http.Request, refusal *Refusal) *Refusal {
	telemetry.Emit(r.Context(), c.env.Telemetry, telemetry.RequestRefused{Socket: c.name, Reason: refusal.early, Status: refusal.Status})
	return refusal
}

func (c *ConnectConfig) firstTime(what string) bool { return c.seen == nil || c.seen.first(what) }

func (c *ConnectConfig) logger() *slog.Logger {
	if c.env.Logger == nil {
		return slog.Default()
	}
	return c.env.Logger
}
