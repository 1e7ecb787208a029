package transport

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/bennu-go/bennu/param"
)

// A ConnectRequest is a client that wants to connect, as the connect callback sees it. It is valid until the callback returns.
type ConnectRequest struct {
	// Request of the client. Its body is not to be read.
	Request *http.Request
	// Params of the query, and the path parameters of the mount's pattern over them. They come from the client: believe nothing.
	Params param.Map
	// Transport is "websocket" or "longpoll".
	Transport string
	// Serializer that was agreed upon.
	Serializer Serializer
	// AuthToken that the client gave as authToken, if ConnectConfig.AuthToken is set; else empty.
	AuthToken string

	config      *ConnectConfig
	session     map[string]any
	sessionRead bool
}

// PeerAddr is the address of the other side of the connection, which may be a proxy; the zero AddrPort if it has none.
func (c *ConnectRequest) PeerAddr() netip.AddrPort {
	addr, _ := netip.ParseAddrPort(c.Request.RemoteAddr)
	return addr
}

// UserAgent is the client's User-Agent header.
func (c *ConnectRequest) UserAgent() string { return c.Request.UserAgent() }

// URI is where the request was sent to, with scheme, host, path and query.
func (c *ConnectRequest) URI() *url.URL { return requestURL(c.Request) }

// XHeaders are the headers whose names start with X-, such as X-Forwarded-For. Anyone can send them: believe only those that a proxy of
// yours sets.
func (c *ConnectRequest) XHeaders() http.Header { return headersWith(c.Request.Header, "X-") }

// SecWebSocketHeaders are the headers whose names start with Sec-WebSocket-, without the auth token.
func (c *ConnectRequest) SecWebSocketHeaders() http.Header {
	return headersWith(c.Request.Header, "Sec-Websocket-")
}

// TraceContext is the headers Traceparent and Tracestate (W3C Trace Context), if they are there.
func (c *ConnectRequest) TraceContext() http.Header {
	h := http.Header{}
	for _, name := range [...]string{"Traceparent", "Tracestate"} {
		if v := c.Request.Header[name]; len(v) > 0 {
			h[name] = append([]string(nil), v...)
		}
	}
	return h
}

func headersWith(h http.Header, prefix string) http.Header {
	found := http.Header{}
	for name, values := range h {
		if strings.HasPrefix(name, prefix) {
			found[name] = append([]string(nil), values...)
		}
	}
	return found
}

// Session is what the browser's session cookie holds. It is nil unless all of this is true: ConnectConfig.Session is set; the cookie
// is there and can be decoded; and the parameter _csrf_token fits the token in the session, or SkipCSRF is set. A page proves with that parameter that it
// is one of yours, since cookies are sent whatever page connects. It is never an error, so that a socket also serves visitors.
func (c *ConnectRequest) Session() map[string]any {
	if !c.sessionRead {
		c.session, c.sessionRead = c.config.readSession(c.Request, c.Params), true
	}
	return c.session
}

// pathParams adds the parameters of the pattern that r was matched by, which count more than those of the query.
func pathParams(r *http.Request, params param.Map) {
	for pattern := r.Pattern; ; {
		_, after, ok := strings.Cut(pattern, "{")
		if !ok {
			return
		}
		name, rest, ok := strings.Cut(after, "}")
		if !ok {
			return
		}
		pattern = rest
		name = strings.TrimSuffix(name, "...")
		if name != "" && name != "$" && name[0] != '_' {
			params[name] = r.PathValue(name)
		}
	}
}
