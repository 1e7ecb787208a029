// Package plugs is the code of the guide on plugs: one that learns something, one that refuses, and pipelines of them.
package plugs

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/endpoint"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/session"
)

type localeKey struct{}

// Locale finds out in which of the known languages to answer: that of the parameter locale, or else the first.
func Locale(known ...string) plug.Plug {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			locale := known[0]
			if asked, err := param.Of(r).String("locale"); err == nil && slices.Contains(known, asked) {
				locale = asked
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), localeKey{}, locale)))
		})
	}
}

// LocaleOf is the language that Locale has found.
func LocaleOf(r *http.Request) string {
	locale, _ := r.Context().Value(localeKey{}).(string)
	return locale
}

// RequireVersion refuses clients that do not say which version of the API they were written for.
func RequireVersion(version string) plug.Plug {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Api-Version") != version {
				plug.Refuse(w, r, &plug.Error{Status: http.StatusBadRequest, Reason: "send the header Api-Version: " + version})
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// Config is what the application is made of.
type Config struct {
	System   *proc.System
	PubSub   *pubsub.PubSub
	Assets   fs.FS
	Sessions session.Store
	Logger   *slog.Logger
}

// Endpoint has the plugs that every request passes, and then the router.
func Endpoint(cfg Config) *endpoint.Endpoint {
	return endpoint.New(endpoint.Config{
		System: cfg.System, PubSub: cfg.PubSub, Logger: cfg.Logger,
		Plugs: plug.Pipeline(
			plug.Static(plug.StaticConfig{FS: cfg.Assets, At: "/assets"}),
			plug.RequestID(),
			plug.Telemetry(plug.TelemetryConfig{Logger: cfg.Logger}),
			plug.Compress(plug.CompressConfig{}),
			plug.Parsers(),
			plug.MethodOverride(),
			session.Load(cfg.Sessions),
		),
		Handler: Router(),
		Errors:  endpoint.Errors(endpoint.ErrorsConfig{}),
	})
}

// Router has a pipeline for browsers, one for programs, and one for a machine that signs what it sends.
func Router() *router.Router {
	browser := router.Pipeline{Name: "browser", Plugs: []plug.Plug{
		plug.Accepts("html"),
		session.FetchFlash(),
		plug.ProtectFromForgery(plug.CSRFConfig{}),
		plug.SecureHeaders(plug.SecureHeadersConfig{}),
		Locale("en", "de"),
	}}
	api := router.Pipeline{Name: "api", Plugs: []plug.Plug{
		plug.Accepts("json"),
		RequireVersion("2"),
		plug.RateLimit(plug.RateLimitConfig{Limit: 100, Per: time.Minute}),
	}}
	return router.New(func(r *router.Scope) {
		r.Scope("/", browser, func(r *router.Scope) {
			r.Get("/", hello)
			r.Put("/greeting", greeting)
		})
		r.Scope("/api", router.Always(plug.CORS(plug.CORSConfig{Origins: []string{"https://app.example.com"}})), api, func(r *router.Scope) {
			r.Get("/status", status)
		})
		r.Scope("/hooks", plug.BodyLimit(64<<10), func(r *router.Scope) {
			r.Post("/paid", status)
		})
	})
}

func hello(w http.ResponseWriter, r *http.Request) error {
	greeting := session.Of(r).String("greeting")
	if greeting == "" {
		greeting = map[string]string{"en": "Hello", "de": "Hallo"}[LocaleOf(r)]
	}
	return controller.Text(w, http.StatusOK, greeting)
}

func greeting(w http.ResponseWriter, r *http.Request) error {
	greeting, err := param.Of(r).String("greeting")
	if err != nil {
		return err
	}
	session.Of(r).Put("greeting", greeting)
	session.PutFlash(r, "info", "Changed.")
	return controller.RedirectStatus(w, r, http.StatusSeeOther, "/")
}

func status(w http.ResponseWriter, r *http.Request) error {
	return controller.JSON(w, http.StatusOK, map[string]bool{"ok": true})
}
