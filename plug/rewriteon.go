package plug

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/bennu-go/bennu/internal/exchange"
)

// Headers that [RewriteOn] knows.
const (
	XForwardedFor   = "X-Forwarded-For"
	XForwardedProto = "X-Forwarded-Proto"
	XForwardedHost  = "X-Forwarded-Host"
	XForwardedPort  = "X-Forwarded-Port"
	Forwarded       = "Forwarded" // RFC 7239
)

// RewriteOnConfig configures [RewriteOn]. Both fields are needed.
type RewriteOnConfig struct {
	// Proxies are the networks (10.0.0.0/8) and addresses of the proxies in front, which are believed. For a proxy on the same machine: 127.0.0.0/8 and ::1.
	Proxies []string
	// Headers that these proxies set or overwrite in every request. Name no others: a client's own would be passed through and believed.
	Headers []string
}

var schemes = map[string]*string{"http": new("http"), "https": new("https")}

// Scheme is "https" if r came over TLS or [RewriteOn] found that it had come so to the proxy, otherwise "http".
func Scheme(r *http.Request) string {
	if exchange.OverTLS(r) {
		return "https"
	}
	return "http"
}

// RewriteOn takes the client's address, scheme, host and port from the headers of the proxies in front: RemoteAddr, [Scheme] and Host then are what
// they would be without these. Requests that do not come from one of the proxies stay as they are.
//
// X-Forwarded-For and Forwarded are read from the right: the client is the first address that is none of the proxies, so that what a client has written into the header
// itself counts for nothing. The other headers count if there is exactly one of each with one valid value. A scheme changes the port from the default of the other scheme to its own. It is
// Plug.RewriteOn, which believes everybody, and takes the leftmost address.
func RewriteOn(cfg RewriteOnConfig) Plug {
	rw := newRewriter(cfg)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			peer, ok := parseNode(r.RemoteAddr)
			if !ok || !rw.trusts(peer.Addr()) {
				next.ServeHTTP(w, r)
				return
			}
			c := rw.read(peer, r)
			x, w, r := exchange.Begin(w, r)
			copied := new(http.Request) // the server's own stays
			*copied = *r
			if c.client != peer {
				copied.RemoteAddr = c.client.String()
			}
			if c.scheme != nil {
				exchange.Scheme.Set(x, c.scheme)
			}
			copied.Host = c.host
			next.ServeHTTP(w, copied)
		})
	}
}

type rewriter struct {
	proxies []netip.Prefix
	headers []string
}

func newRewriter(cfg RewriteOnConfig) *rewriter {
	if len(cfg.Proxies) == 0 || len(cfg.Headers) == 0 {
		panic(`plug: RewriteOn needs the addresses of the proxies and the headers that they set: plug.RewriteOnConfig{Proxies: []string{"127.0.0.0/8"}, Headers: []string{plug.XForwardedFor}}`)
	}
	rw := &rewriter{headers: slices.Clone(cfg.Headers)}
	for _, s := range cfg.Proxies {
		prefix, err := netip.ParsePrefix(s)
		if err != nil {
			a, err := netip.ParseAddr(s)
			if err != nil {
				panic(fmt.Sprintf("plug: RewriteOn: the proxy %q is neither a network (10.0.0.0/8) nor an address", s))
			}
			prefix = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen())
		}
		rw.proxies = append(rw.proxies, prefix)
	}
	for _, h := range cfg.Headers {
		if !slices.Contains([]string{XForwardedFor, XForwardedProto, XForwardedHost, XForwardedPort, Forwarded}, h) {
			panic(fmt.Sprintf("plug: RewriteOn: the header %q is not known: use plug.XForwardedFor, XForwardedProto, XForwardedHost, XForwardedPort or Forwarded", h))
		}
	}
	if slices.Contains(cfg.Headers, Forwarded) && len(cfg.Headers) > 1 {
		panic("plug: RewriteOn: Forwarded and X-Forwarded-… at a time: a proxy that sets one passes a client's other through; name those that yours sets")
	}
	return rw
}

func (rw *rewriter) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(rw.proxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// origin is the request as the client made it.
type origin struct {
	client netip.AddrPort
	scheme *string // nil if not known
	host   string
}

func (rw *rewriter) read(peer netip.AddrPort, r *http.Request) origin {
	o := origin{client: peer, host: r.Host}
	var proto, host, port string
	for _, name := range rw.headers {
		values := r.Header[name]
		if len(values) == 0 {
			continue
		}
		switch name {
		case XForwardedFor:
			o.client = rw.walk(peer, strings.Split(strings.Join(values, ","), ","))
		case Forwarded:
			hops, _ := parseForwarded(values)
			for _, h := range slices.Backward(hops) { // each was written by the address found so far
				if !rw.trusts(o.client.Addr()) {
					break
				}
				if proto, host = h.proto, h.host; !h.client.IsValid() {
					break
				}
				o.client = h.client
			}
		case XForwardedProto:
			proto = single(values)
		case XForwardedHost:
			host = single(values)
		case XForwardedPort:
			port = single(values)
		}
	}
	if validHost(host) {
		o.host = host
	}
	o.scheme = schemes[strings.ToLower(proto)]
	o.setPort(port, r)
	return o
}

// walk goes from the proxy that asked us towards the client.
func (rw *rewriter) walk(at netip.AddrPort, addrs []string) netip.AddrPort {
	for _, s := range slices.Backward(addrs) {
		if !rw.trusts(at.Addr()) {
			break
		}
		a, ok := parseNode(s)
		if !ok {
			break
		}
		at = a
	}
	return at
}

// setPort puts the port into the host, except the scheme's own.
func (o *origin) setPort(port string, r *http.Request) {
	before := Scheme(r)
	scheme := before
	if o.scheme != nil {
		scheme = *o.scheme
	}
	own := map[string]string{"http": "80", "https": "443"}
	name, given, err := net.SplitHostPort(o.host)
	if err != nil {
		name, given = strings.Trim(o.host, "[]"), ""
	}
	if !validPort(port) {
		if given == "" || scheme == before || given != own[before] {
			return
		}
		port = own[scheme]
	}
	switch {
	case port == given || port == own[scheme] && given == "":
	case port != own[scheme]:
		o.host = net.JoinHostPort(name, port)
	case strings.Contains(name, ":"):
		o.host = "[" + name + "]"
	default:
		o.host = name
	}
}

func single(values []string) string {
	if len(values) != 1 {
		return ""
	}
	return strings.TrimSpace(values[0])
}
