package plug

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bennu-go/bennu/internal/exchange"
)

// SSLConfig says where [SSL] leads and what it leaves alone. The zero SSLConfig works.
type SSLConfig struct {
	// Host to redirect to, with a port if it is not 443. Empty means that of the request, without its port.
	Host string
	// NoHSTS leaves out the header Strict-Transport-Security. Off by default.
	NoHSTS bool
	// Expires is how long browsers remember to use TLS only. Zero means a year.
	Expires time.Duration
	// Preload asks browsers' makers to list the host for ever. It takes Subdomains and at least a year. Off by default.
	Preload bool
	// Subdomains has browsers use TLS for all hosts below this one. Off by default.
	Subdomains bool
	// ExcludeHosts are neither redirected nor remembered. Nil means localhost and 127.0.0.1; an empty slice none.
	ExcludeHosts []string
	// ExcludePaths are the same for whole paths: those of health checks, which come from the next machine without TLS. Nil means none.
	ExcludePaths []string
	// Exclude is the same for what else is known of a request. Nil means nothing.
	Exclude func(r *http.Request) bool
	// Logger of redirects, at level info. Nil means slog.Default().
	Logger *slog.Logger
}

// SSL sends requests that came without TLS to the same place with it, with 301 for GET and HEAD and otherwise 307, as Plug.SSL does, and has browsers
// remember to use TLS (HSTS). TLS is what the server has taken off, or what a trusted proxy has, as [RewriteOn] finds out, or another plug says by r.URL.Scheme. A request without a host is
// refused with 400 where Host is empty.
func SSL(cfg SSLConfig) Plug {
	if cfg.Expires == 0 {
		cfg.Expires = 365 * 24 * time.Hour
	}
	if cfg.ExcludeHosts == nil {
		cfg.ExcludeHosts = []string{"localhost", "127.0.0.1"}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	switch {
	case strings.ContainsAny(cfg.Host, "/\\@ \t\r\n?#") || strings.Contains(cfg.Host, "://"):
		panic(fmt.Sprintf("plug: SSL: Host %q: a name alone, or with a port, like example.com:8443", cfg.Host))
	case cfg.Expires < 0:
		panic(fmt.Sprintf("plug: SSL: Expires %v is negative; NoHSTS leaves the header out", cfg.Expires))
	case cfg.Preload && (!cfg.Subdomains || cfg.Expires < 365*24*time.Hour):
		panic("plug: SSL: Preload takes Subdomains and a year of Expires: browsers' lists take no other")
	}
	hsts := "max-age=" + strconv.FormatInt(int64(cfg.Expires/time.Second), 10)
	if cfg.Preload {
		hsts += "; preload"
	}
	if cfg.Subdomains {
		hsts += "; includeSubDomains"
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case cfg.excludes(r):
				next.ServeHTTP(w, r)
			case exchange.OverTLS(r):
				if !cfg.NoHSTS {
					w.Header().Set("Strict-Transport-Security", hsts)
				}
				next.ServeHTTP(w, r)
			default:
				cfg.redirect(w, r)
			}
		})
	}
}

func (c *SSLConfig) excludes(r *http.Request) bool {
	return slices.Contains(c.ExcludePaths, r.URL.Path) || slices.Contains(c.ExcludeHosts, strings.ToLower(hostname(r.Host))) || c.Exclude != nil && c.Exclude(r)
}

func (c *SSLConfig) redirect(w http.ResponseWriter, r *http.Request) {
	host := c.Host
	if host == "" {
		host = hostname(r.Host)
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
	}
	if host == "" || strings.ContainsAny(host, "/\\@ \t\r\n?#") {
		Refuse(w, r, &Error{Status: http.StatusBadRequest, Reason: "no host to redirect to"})
		return
	}
	target := *r.URL // only its path and query count: a client may have named another host in the request line
	target.Scheme, target.Host, target.User = "", "", nil
	path := target.RequestURI()
	if !strings.HasPrefix(path, "/") { // OPTIONS *
		path = "/"
	}
	status := http.StatusTemporaryRedirect
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		status = http.StatusMovedPermanently
	}
	c.Logger.InfoContext(r.Context(), "redirecting to TLS", "method", r.Method, "host", host, "status", status)
	w.Header().Set("Location", "https://"+host+path)
	w.WriteHeader(status)
}
