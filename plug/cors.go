package plug

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rs/cors"
)

// CORSConfig says which pages of other sites may make requests and read the answers. Origins or OriginFunc must be set.
type CORSConfig struct {
	// Origins like "https://app.example.com". "*" stands for all, and once within an origin for any text: "https://*.example.com".
	Origins []string
	// OriginFunc decides instead.
	OriginFunc func(r *http.Request, origin string) bool
	// Methods that pages may use. Nil means GET, HEAD, POST, PUT, PATCH and DELETE.
	Methods []string
	// Headers that pages may send beside the harmless ones. "*" stands for all. Nil means Authorization, Content-Type, X-Csrf-Token and X-Requested-With.
	Headers []string
	// Expose are headers that pages may read beside the harmless ones. Nil means none.
	Expose []string
	// Credentials lets browsers send cookies. It cannot be had with the origin "*". Off by default.
	Credentials bool
	// MaxAge is how long browsers remember what they may. Zero means their own default, five seconds.
	MaxAge time.Duration
	// PrivateNetwork lets pages of the public network in. Off by default.
	PrivateNetwork bool
}

// CORS lets pages of other sites make requests. It answers preflights itself with 204, whatever the path, and refuses nothing: browsers do, by what the headers lack. Give it to the router
// by router.Always, so that the automatic 404, 405 and OPTIONS have its headers too. It stands in front of what refuses, so that pages can read the refusal.
func CORS(cfg CORSConfig) Plug {
	if len(cfg.Origins) == 0 && cfg.OriginFunc == nil {
		panic(`plug: CORS: set Origins, to "https://app.example.com" for example, or to "*" for a public API`)
	}
	if len(cfg.Origins) > 0 && cfg.OriginFunc != nil {
		panic("plug: CORS: set either Origins or OriginFunc")
	}
	for _, origin := range cfg.Origins {
		if origin == "*" && cfg.Credentials {
			panic(`plug: CORS: Credentials with the origin "*" would let any site act as the user; name the origins`)
		}
		if err := checkOrigin(origin); err != nil {
			panic(fmt.Sprintf("plug: CORS: origin %q: %v", origin, err))
		}
	}
	if cfg.MaxAge < 0 || cfg.MaxAge%time.Second != 0 {
		panic(fmt.Sprintf("plug: CORS: MaxAge %v: whole seconds, not negative", cfg.MaxAge))
	}
	if cfg.Methods == nil {
		cfg.Methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
	}
	if cfg.Headers == nil {
		cfg.Headers = []string{"Authorization", "Content-Type", "X-Csrf-Token", "X-Requested-With"}
	}
	opts := cors.Options{
		AllowedOrigins: cfg.Origins, AllowedMethods: cfg.Methods, AllowedHeaders: cfg.Headers, ExposedHeaders: cfg.Expose,
		AllowCredentials: cfg.Credentials, MaxAge: int(cfg.MaxAge / time.Second), AllowPrivateNetwork: cfg.PrivateNetwork,
	}
	if cfg.OriginFunc != nil {
		opts.AllowOriginVaryRequestFunc = func(r *http.Request, origin string) (bool, []string) { return cfg.OriginFunc(r, origin), nil }
	}
	return cors.New(opts).Handler
}

func checkOrigin(origin string) error {
	if origin == "*" || origin == "null" {
		return nil
	}
	if strings.Count(origin, "*") > 1 {
		return fmt.Errorf("one * only")
	}
	u, err := url.Parse(strings.ReplaceAll(origin, "*", "x"))
	if err != nil {
		return err
	}
	if u.Scheme == "" || u.Host == "" || u.Scheme+"://"+u.Host != strings.ReplaceAll(origin, "*", "x") {
		return fmt.Errorf("write scheme and host and nothing behind them, like https://app.example.com")
	}
	return nil
}
