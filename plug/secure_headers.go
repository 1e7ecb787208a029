package plug

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/bennu-go/bennu/internal/exchange"
)

// SecureHeadersConfig says which headers [SecureHeaders] adds. The zero SecureHeadersConfig is Phoenix's.
type SecureHeadersConfig struct {
	// CSP is the value of Content-Security-Policy. {nonce} in it becomes the request's nonce, see CSPNonce: "script-src 'self' 'nonce-{nonce}'".
	// Empty means "base-uri 'self'; frame-ancestors 'self';".
	CSP string
	// CSPReportOnly is the value of Content-Security-Policy-Report-Only, with {nonce} as in CSP. Empty means that there is none.
	CSPReportOnly string
	// Headers to set whatever was set before, in place of the defaults or beside them. An empty value takes the header away. Nil means none.
	Headers map[string]string
}

const nonceMark = "{nonce}"

var nonceKey = exchange.NewKey[string]("csp nonce")

// CSPNonce returns the nonce for script and style elements that the policy of this answer allows. It is empty where the policy has no {nonce}.
func CSPNonce(r *http.Request) string {
	nonce, _ := nonceKey.Get(exchange.Of(r))
	return nonce
}

// SecureHeaders adds, where they are not set yet, the headers of put_secure_browser_headers: Referrer-Policy strict-origin-when-cross-origin,
// Content-Security-Policy, X-Content-Type-Options nosniff and X-Permitted-Cross-Domain-Policies none. Handlers may change them. It refuses nothing.
func SecureHeaders(cfg SecureHeadersConfig) Plug {
	if cfg.CSP == "" {
		cfg.CSP = "base-uri 'self'; frame-ancestors 'self';"
	}
	defaults := [][2]string{
		{"Referrer-Policy", "strict-origin-when-cross-origin"},
		{"Content-Security-Policy", cfg.CSP},
		{"X-Content-Type-Options", "nosniff"},
		{"X-Permitted-Cross-Domain-Policies", "none"},
	}
	if cfg.CSPReportOnly != "" {
		defaults = append(defaults, [2]string{"Content-Security-Policy-Report-Only", cfg.CSPReportOnly})
	}
	var own [][2]string
	for _, name := range slices.Sorted(maps.Keys(cfg.Headers)) {
		own = append(own, [2]string{http.CanonicalHeaderKey(name), cfg.Headers[name]})
	}
	needsNonce := false
	for _, h := range append(slices.Clone(defaults), own...) {
		if !isHeader(h[0], h[1]) {
			panic(fmt.Sprintf("plug: SecureHeaders: %q: %q is no header: names are letters, digits and dashes, values one line of text", h[0], h[1]))
		}
		needsNonce = needsNonce || strings.Contains(h[1], nonceMark)
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			nonce := ""
			if needsNonce {
				nonce = newNonce()
				var x *exchange.Exchange
				x, w, r = exchange.Begin(w, r)
				nonceKey.Set(x, nonce)
			}
			h := w.Header()
			values := make([]string, len(defaults)) // one array for all headers
			for i, d := range defaults {
				if _, there := h[d[0]]; !there {
					values[i] = withNonce(d[1], nonce)
					h[d[0]] = values[i : i+1 : i+1]
				}
			}
			for _, d := range own {
				if d[1] == "" {
					delete(h, d[0])
				} else {
					h[d[0]] = []string{withNonce(d[1], nonce)}
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}

func isHeader(name, value string) bool {
	notName := func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_')
	}
	notValue := func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }
	return name != "" && !strings.ContainsFunc(name, notName) && !strings.ContainsFunc(value, notValue)
}

func withNonce(value, nonce string) string {
	if nonce == "" {
		return value
	}
	return strings.ReplaceAll(value, nonceMark, nonce)
}

func newNonce() string {
	var b [18]byte
	rand.Read(b[:])
	return base64.StdEncoding.EncodeToString(b[:])
}
