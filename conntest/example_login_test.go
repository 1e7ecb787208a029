package conntest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/conntest"
	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/session"
	"github.com/bennu-go/bennu/token"
)

var store = session.NewCookieStore(session.Config{Secrets: token.Secrets{strings.Repeat("secret", 10)}})

func home(w http.ResponseWriter, r *http.Request) error {
	return controller.Text(w, http.StatusOK, session.Flash(r)["info"]+session.Of(r).String("user"))
}

func logIn(w http.ResponseWriter, r *http.Request) error {
	session.Of(r).Renew()
	session.Of(r).Put("user", "ada")
	session.PutFlash(r, "info", "Welcome, ")
	return controller.Redirect(w, r, "/")
}

func routes() *router.Router {
	return router.New(func(r *router.Scope) {
		r.Scope("/", session.Load(store), func(r *router.Scope) {
			r.Get("/", home)
			r.Post("/login", logIn)
		})
	})
}

// A visit: who logs in is led to the first page, which says welcome once.
func Example() {
	testVisit := func(t *testing.T) {
		browser := conntest.New(t, routes())
		browser.Get("/").WantText(http.StatusOK)
		page := browser.Post("/login", conntest.Form(param.Map{"user": "ada"})).WantRedirect("/").Follow()
		page.WantText(http.StatusOK, "Welcome, ada")
		browser.Get("/").WantText(http.StatusOK, "ada")

		other := conntest.New(t, routes())
		other.PutSession(store, func(s *session.Session) { s.Put("user", "bob") })
		other.Get("/").WantText(http.StatusOK, "bob")
	}
	_ = testVisit // is TestVisit in a test file
}

func TestVisit(t *testing.T) {
	browser := conntest.New(t, routes())
	browser.Get("/").WantText(http.StatusOK)
	page := browser.Post("/login", conntest.Form(param.Map{"user": "ada"})).WantRedirect("/").Follow()
	page.WantText(http.StatusOK, "Welcome, ada")
	if got := browser.Get("/").WantText(http.StatusOK); got != "ada" {
		t.Errorf("got %q, want ada alone", got)
	}
	other := conntest.New(t, routes())
	other.PutSession(store, func(s *session.Session) { s.Put("user", "bob") })
	other.Get("/").WantText(http.StatusOK, "bob")
}
