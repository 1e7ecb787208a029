package router_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/bennu-go/bennu/router"
)

var errNoSuchUser = errors.New("no such user")

func showUser(w http.ResponseWriter, r *http.Request) error {
	if r.PathValue("id") != "1" {
		return errNoSuchUser
	}
	_, err := io.WriteString(w, `{"data":{"name":"Ada"}}`)
	return err
}

func listUsers(w http.ResponseWriter, r *http.Request) error {
	_, err := io.WriteString(w, `{"data":[{"name":"Ada"}]}`)
	return err
}

// jsonErrors is the fallback of the API.
func jsonErrors(w http.ResponseWriter, r *http.Request, err error) {
	status := router.Status(err)
	if errors.Is(err, errNoSuchUser) {
		status = http.StatusNotFound
	}
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errors":{"detail":%q}}`, err.Error())
}

// A table of routes: scopes with pipelines, a resource, a fallback.
func Example_routes() {
	asJSON := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			next.ServeHTTP(w, r)
		})
	}
	api := router.Pipeline{Name: "api", Plugs: []router.Plug{asJSON}}

	routes := router.New(func(r *router.Scope) {
		r.Scope("/api/v1", api, func(r *router.Scope) {
			r.Name("v1")
			r.Fallback(jsonErrors)
			r.Resources("/users", router.Resource{Index: listUsers, Show: showUser})
		})
	})

	router.Format(os.Stdout, routes.Routes())
	for _, path := range []string{"/api/v1/users/1", "/api/v1/users/2"} {
		w := httptest.NewRecorder()
		routes.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		fmt.Println(w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	// Output:
	// V1Users  GET  /api/v1/users       router_test.listUsers
	//  V1User  GET  /api/v1/users/{id}  router_test.showUser
	// 200 application/json {"data":{"name":"Ada"}}
	// 404 application/json {"errors":{"detail":"no such user"}}
}

// Pipelines run once a route has matched. Those marked with Always also run in front of automatic answers, here OPTIONS.
func ExampleAlways() {
	header := func(name, value string) router.Plug {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set(name, value)
				next.ServeHTTP(w, r)
			})
		}
	}
	routes := router.New(func(r *router.Scope) {
		r.Scope("/api", router.Always(header("Access-Control-Allow-Origin", "*")), header("X-Count", "1"), func(r *router.Scope) {
			r.Get("/users", listUsers)
		})
	})
	for _, method := range []string{"GET", "OPTIONS", "POST"} {
		w := httptest.NewRecorder()
		routes.ServeHTTP(w, httptest.NewRequest(method, "/api/users", nil))
		h := w.Header()
		fmt.Printf("%d origin=%q count=%q allow=%q\n", w.Code, h.Get("Access-Control-Allow-Origin"), h.Get("X-Count"), h.Get("Allow"))
	}
	// Output:
	// 200 origin="*" count="1" allow=""
	// 204 origin="*" count="" allow="GET, HEAD, OPTIONS"
	// 405 origin="*" count="" allow="GET, HEAD, OPTIONS"
}
