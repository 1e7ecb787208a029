package transport

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/bennu-go/bennu/internal/exchange"
)

// An Origin decides from which web pages a browser may connect, by the Origin header that browsers add and pages cannot change. A
// request without the header is always let in: it comes from no browser, and could have said anything.
// The zero value is [OriginHost].
type Origin struct {
	rule    originRule
	entries []originEntry
	decide  func(*url.URL) bool
	err     error // of the arguments; validate shows it
}

type originRule uint8

const (
	originHost originRule = iota
	originAny
	originList
	originSelf
	originFunc
)

// originEntry is one entry of a list. Its empty parts fit everything.
type originEntry struct {
	scheme, host, port string
	below              string // ".example.com" if the host was "*.example.com"
}

// OriginHost lets in pages whose host is that of ConnectConfig.URL, with any scheme and port. If the URL has no host, pages of any host are let in; if there is no URL, the host
// that the request was sent to counts.
func OriginHost() Origin { return Origin{} }

// OriginAny lets in pages from everywhere. That is right for a public service without cookies; with cookies, any page that a user visits could
// connect in the user's name.
func OriginAny() Origin { return Origin{rule: originAny} }

// OriginList lets in pages whose origin fits one of the entries:
//
//	"https://example.com"       this scheme and host, and the scheme's own port, 443
//	"http://localhost:3000"     this scheme, host and port
//	"//example.com"             this host, with any scheme and port
//	"//example.com:8443"        this host and port, with any scheme
//	"//*.example.com"           example.com and all that is below it, at any depth
//
// Hosts are compared as they are written; browsers write them in lower case.
func OriginList(entries ...string) Origin {
	o := Origin{rule: originList}
	if len(entries) == 0 {
		o.err = errors.New(`OriginList has no entries, so no browser could connect: list origins such as "https://example.com", or use OriginHost`)
	}
	for _, text := range entries {
		e, err := parseOriginEntry(text)
		if err != nil && o.err == nil {
			o.err = err
		}
		o.entries = append(o.entries, e)
	}
	return o
}

// OriginSelf lets in pages whose scheme, host and port are those that the request was sent to. Behind a proxy that ends TLS the
// request is http while the page is https: have plug.RewriteOn in the endpoint's Front, or use [OriginList].
func OriginSelf() Origin { return Origin{rule: originSelf} }

// OriginFunc lets in pages for which allow returns true. It is also asked about origins without a host, such as "null" (a page in a
// sandbox), and about garbage, which stands in Opaque. It is called from many goroutines.
func OriginFunc(allow func(origin *url.URL) bool) Origin {
	o := Origin{rule: originFunc, decide: allow}
	if allow == nil {
		o.err = errors.New("OriginFunc has no function")
	}
	return o
}

func parseOriginEntry(text string) (originEntry, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return originEntry{}, fmt.Errorf(`OriginList entry %q has no host: write "//%s" for any scheme and port, or "https://%[2]s"`, text, strings.TrimLeft(text, "/"))
	}
	e := originEntry{scheme: u.Scheme, host: u.Hostname(), port: portOf(u)}
	if rest, ok := strings.CutPrefix(e.host, "*."); ok {
		e.host, e.below = rest, "."+rest
	}
	if strings.Contains(e.host, "*") {
		return originEntry{}, fmt.Errorf(`OriginList entry %q: a "*" can only stand for what is before a domain, as in "//*.example.com"; OriginAny allows every origin`, text)
	}
	return e, nil
}

func (e *originEntry) fits(u *url.URL) bool {
	host := u.Hostname()
	return (e.scheme == "" || e.scheme == u.Scheme) &&
		(e.port == "" || e.port == portOf(u)) &&
		(e.host == host || e.below != "" && strings.HasSuffix(host, e.below))
}

// portOf gives the port that is written, or else the scheme's.
func portOf(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	switch u.Scheme {
	case "http", "ws":
		return "80"
	case "https", "wss":
		return "443"
	case "ftp":
		return "21"
	}
	return ""
}

// allows decides about r. public is the endpoint's URL, or nil.
func (o *Origin) allows(r *http.Request, public *url.URL) (origin string, ok bool) {
	values := r.Header["Origin"]
	if len(values) == 0 || o.rule == originAny {
		return "", true
	}
	origin = values[0]
	u, err := url.Parse(origin)
	if err != nil {
		u = &url.URL{Opaque: origin}
	}
	if o.rule == originFunc {
		return origin, o.decide(u)
	}
	if u.Hostname() == "" {
		return origin, false
	}
	switch o.rule {
	case originList:
		for i := range o.entries {
			if o.entries[i].fits(u) {
				return origin, true
			}
		}
		return origin, false
	case originSelf:
		self := requestURL(r)
		return origin, u.Hostname() == self.Hostname() && u.Scheme == self.Scheme && portOf(u) == portOf(self)
	}
	host := requestURL(r).Hostname()
	if public != nil {
		host = public.Hostname()
	}
	return origin, host == "" && public != nil || u.Hostname() == host
}

// requestURL is where r was sent to: scheme, host, port, path and query.
func requestURL(r *http.Request) *url.URL {
	u := *r.URL
	u.Host = r.Host
	u.Scheme = "http"
	if exchange.OverTLS(r) {
		u.Scheme = "https"
	}
	return &u
}

// wanted says in words what the rule lets in.
func (o *Origin) wanted(r *http.Request, public *url.URL) string {
	switch o.rule {
	case originList:
		return "one of the entries of OriginList"
	case originSelf:
		self := requestURL(r)
		return fmt.Sprintf("OriginSelf: %q, which is where this request was sent to", self.Scheme+"://"+self.Host)
	case originFunc:
		return "what the function of OriginFunc allows"
	}
	if public != nil {
		return fmt.Sprintf("OriginHost: the host of the endpoint's URL, %q", public.Hostname())
	}
	return fmt.Sprintf("OriginHost: the host that this request was sent to, %q, since there is no URL", requestURL(r).Hostname())
}

// originHelp is what is logged about a refused origin.
func originHelp(origin string, o *Origin, r *http.Request, public *url.URL) string {
	return fmt.Sprintf(`transport: refused a client: its page's origin %.200q is not allowed

Allowed is %s.

If that page should be able to connect, do one of these:

  1. Set the endpoint's URL to the address that users have in their browser.
  2. List the origins in the socket's configuration:
         CheckOrigin: transport.OriginList("https://example.com", "//*.example.com")
     An entry with a scheme also fixes the port: "http://example.com" does not allow "http://example.com:8080".
  3. Behind a proxy, remember that the origin is the public address, not the one that the proxy forwards to. OriginSelf
     compares with what arrives here, which is http if the proxy ends TLS: use OriginList, or have plug.RewriteOn in
     the endpoint's Front, which takes scheme and host from the headers of that proxy.
  4. Allow every page, for a service that trusts no cookies: CheckOrigin: transport.OriginAny().

This origin is not reported again for an hour.`, origin, o.wanted(r, public))
}
