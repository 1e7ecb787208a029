package web

import (
	"io/fs"
	"net/http"

	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/router"
)

// maxBody is the bytes of a request to the API.
const maxBody = 16 << 10

// Router has everything but the socket and the page's files. Assets is the folder with index.html; nil serves no page.
func Router(d Deps, assets fs.FS) *router.Router {
	fallback := controller.Fallback(controller.FallbackConfig{Challenge: "Bearer"})
	api := plug.Pipeline(
		plug.Errors(fallback),
		plug.SecureHeaders(plug.SecureHeadersConfig{}),
		noStore,
		plug.Accepts("json"),
		plug.Parsers(plug.ParsersConfig{MaxJSON: maxBody, MaxForm: maxBody}),
	)
	return router.New(func(r *router.Scope) {
		r.Get("/", home(assets), router.Options{Name: "home", Action: "web.home"})
		r.Scope("/api/v1", api, func(r *router.Scope) {
			r.Fallback(fallback)
			r.Name("v1")
			r.Post("/sessions", d.createSession, router.Options{Name: "sessions"})
			r.Scope("/", plug.BearerAuth(d.verify), func(r *router.Scope) {
				r.Post("/rooms/{room}/invitations", d.invite, router.Options{Name: "room_invitations"})
			})
		})
	})
}

// home is the page.
func home(assets fs.FS) router.Action {
	return func(w http.ResponseWriter, r *http.Request) error {
		if assets == nil {
			return controller.ErrNotFound
		}
		w.Header().Set("Cache-Control", "no-cache")
		http.ServeFileFS(w, r, assets, "index.html")
		return nil
	}
}

// noStore keeps tokens out of caches.
func noStore(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
