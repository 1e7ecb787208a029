package web

import (
	"net/http"
	"time"

	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/examples/demo/accounts"
	"github.com/bennu-go/bennu/examples/demo/web/paths"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/session"
)

const (
	maxBody   = 16 << 10                     // bytes of a request to the API
	maxUpload = accounts.MaxAvatar + 256<<10 // bytes of a form with a picture: the accounts tell the person what is too much, so it is let through by a little
)

// Answers says what errors look like, wherever they come from: pages for people, {"errors": …} for programs.
func Answers() controller.FallbackConfig {
	return controller.FallbackConfig{Page: errorPage, Challenge: "Bearer"}
}

// Router has the pages and the API. It leaves errors to the endpoint.
func Router(d Deps) *router.Router {
	logIns := plug.RateLimit(plug.RateLimitConfig{Limit: 20, Name: "log-ins"})
	return router.New(func(r *router.Scope) {
		d.pages(r, logIns)
		d.api(r, logIns)
	})
}

// pages is what browsers show.
func (d Deps) pages(r *router.Scope, logIns plug.Plug) {
	always := router.Pipeline{Name: "secure", Always: true, Plugs: []plug.Plug{
		plug.SecureHeaders(plug.SecureHeadersConfig{CSP: "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
			"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"}),
		noStore,
	}}
	browser := router.Pipeline{Name: "browser", Plugs: []plug.Plug{
		plug.Accepts("html"),
		plug.Parsers(plug.ParsersConfig{MaxForm: maxBody, MaxJSON: maxBody, MaxMultipart: maxUpload, MaxParts: 10, MaxFiles: 1}),
		session.Load(d.Sessions),
		session.FetchFlash(),
		plug.ProtectFromForgery(plug.CSRFConfig{}),
		plug.FetchCurrentUser(d.fetchPerson),
	}}
	r.Scope("/", always, func(r *router.Scope) {
		r.Scope("/", plug.Accepts("json"), session.Load(d.Sessions), plug.FetchCurrentUser(d.fetchPerson), func(r *router.Scope) {
			r.Get("/session", d.currentSession, router.Options{Name: "session"})
		})
		r.Scope("/", browser, func(r *router.Scope) {
			r.Get("/", d.chatPage, router.Options{Name: "home"})
			r.Post("/log-out", d.logOut, router.Options{Name: "log_out"})
			r.Scope("/", plug.RedirectIfAuthenticated(paths.Profile()), func(r *router.Scope) {
				r.Get("/register", d.registerPage, router.Options{Name: "register"})
				r.Get("/log-in", d.logInPage, router.Options{Name: "log_in"})
				r.Scope("/", logIns, func(r *router.Scope) {
					r.Post("/register", d.register)
					r.Post("/log-in", d.logIn)
				})
			})
			r.Scope("/profile", plug.RequireAuth(plug.RequireAuthConfig{LogIn: paths.LogIn(), Message: "Please log in first."}), func(r *router.Scope) {
				r.Get("/", d.profilePage, router.Options{Name: "profile"})
				r.Post("/avatar", d.uploadAvatar, router.Options{Name: "profile_avatar"})
				r.Get("/data", d.downloadData, router.Options{Name: "profile_data"})
			})
		})
	})
}

// api is for programs. Its versions are scopes.
func (d Deps) api(r *router.Scope, logIns plug.Plug) {
	always := router.Pipeline{Name: "open", Always: true, Plugs: []plug.Plug{
		inJSON,
		plug.SecureHeaders(plug.SecureHeadersConfig{CSP: "default-src 'none'; frame-ancestors 'none'"}),
		noStore,
	}}
	if len(d.Origins) > 0 {
		always.Plugs = append(always.Plugs, plug.CORS(plug.CORSConfig{Origins: d.Origins, Headers: []string{"Authorization", "Content-Type"},
			Expose: []string{"Location", "Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}, MaxAge: 10 * time.Minute}))
	}
	json := router.Pipeline{Name: "api", Plugs: []plug.Plug{
		plug.Accepts("json"),
		plug.RateLimit(plug.RateLimitConfig{Limit: 120, Name: "api"}),
		plug.Parsers(plug.ParsersConfig{MaxForm: maxBody, MaxJSON: maxBody, MaxMultipart: maxBody}),
	}}
	r.Scope("/api/v1", always, json, func(r *router.Scope) {
		r.Name("v1")
		r.Post("/guests", d.createGuest, router.Options{Name: "guests"})
		r.Scope("/", logIns, func(r *router.Scope) {
			r.Post("/users", d.createUser, router.Options{Name: "users"})
			r.Post("/sessions", d.createSession, router.Options{Name: "sessions"})
		})
		r.Scope("/", plug.BearerAuth(bearer(d.user)), func(r *router.Scope) {
			r.Resources("/users", router.Resource{Index: d.listUsers, Show: d.showUser, Update: d.updateUser, Delete: d.deleteUser})
			r.Delete("/sessions", d.deleteSession, router.Options{Name: "sessions"})
		})
		r.Scope("/", plug.BearerAuth(bearer(d.person)), func(r *router.Scope) {
			r.Post("/rooms/{room}/invitations", d.invite, router.Options{Name: "room_invitations"})
		})
	})
}

// inJSON has refusals in JSON too, even for who asks for something else.
func inJSON(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(plug.SetFormat(w, r, "json"))
	})
}

// noStore keeps what is private out of caches, the browser's own too: after a log-out, going back shows nothing of it.
func noStore(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
