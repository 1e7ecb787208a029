package endpoint

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/transport"
)

// URL returns what the application is called in browsers: the base of the typed paths' URLs, as in paths.UserURL(ep.URL().String(), id). Ports that go without
// saying are left out of it, and so is a slash at its end.
func (e *Endpoint) URL() *url.URL {
	u := *e.url
	return &u
}

// Link returns the whole URL of a path, for mails and the like: "/users/7?tab=posts" on "https://example.com/shop" is "https://example.com/shop/users/7?tab=posts".
// The path is as URLs have it. Link panics if it does not begin with exactly one slash, or has a backslash or control characters, since browsers
// would take "//evil.example" for another site.
func (e *Endpoint) Link(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsFunc(path, func(c rune) bool { return c < ' ' || c == 0x7f || c == '\\' }) {
		panic(fmt.Sprintf("endpoint: Link(%q): a path begins with one slash, and has no backslash and no control characters; escape them", path))
	}
	return e.url.String() + path
}

// ReadyURL returns where the readiness check of this machine is, by the address that is listened on, or will be. It is empty if Config.Health turns it off.
func (e *Endpoint) ReadyURL() string {
	if e.cfg.Health == "-" {
		return ""
	}
	addr := e.cfg.Addr
	if a := e.Addr(); a != nil {
		addr = a.String()
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return ""
	}
	switch host {
	case "", "0.0.0.0":
		host = "127.0.0.1"
	case "::":
		host = "::1"
	}
	scheme := "http"
	if e.cfg.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + e.readyPath()
}

// Routes returns the table: the routes of the Handler, if it lists them as a [router.Router] does, then the sockets. [router.Format] writes it.
func (e *Endpoint) Routes() []router.Route {
	var routes []router.Route
	if l, ok := e.cfg.Handler.(interface{ Routes() []router.Route }); ok {
		routes = l.Routes()
	}
	return append(routes, e.socketRoutes...)
}

// Warnings returns those of the Handler, if it has some as a [router.Router] does.
func (e *Endpoint) Warnings() []router.Warning {
	if l, ok := e.cfg.Handler.(interface{ Warnings() []router.Warning }); ok {
		return l.Warnings()
	}
	return nil
}

// listSocket adds a transport of a socket to the table.
func (e *Endpoint) listSocket(path string, socket transport.Socket, methods ...string) {
	for _, method := range methods {
		e.socketRoutes = append(e.socketRoutes, router.Route{Method: method, Path: path, Action: socket.Name(), Hosts: []string{}, Pipelines: []string{}})
	}
}

// webSocket is the method of WebSocket routes in the table.
const webSocket = "WS"

// longPollMethods are those of long-polling.
var longPollMethods = []string{http.MethodGet, http.MethodPost}

// normalized leaves out of u what goes without saying.
func normalized(u *url.URL) *url.URL {
	v := *u
	if port := u.Port(); port == "80" && u.Scheme == "http" || port == "443" && u.Scheme == "https" {
		v.Host = strings.TrimSuffix(v.Host, ":"+port)
	}
	v.Path, v.RawPath = strings.TrimRight(v.Path, "/"), strings.TrimRight(v.RawPath, "/")
	return &v
}
