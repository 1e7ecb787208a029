package browser_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/endpoint"
	"github.com/bennu-go/bennu/internal/browser"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/session"
	"github.com/bennu-go/bennu/token"
)

// The developer's page in a real browser: its policy lets its own style and script through, and nothing of the request runs.
func TestDebugPage(t *testing.T) {
	routes := router.New(func(r *router.Scope) {
		r.Scope("/", session.Load(session.NewCookieStore(session.Config{Secrets: token.Secrets{strings.Repeat("s", 64)}})), func(r *router.Scope) {
			r.Get("/rooms/{id}", func(http.ResponseWriter, *http.Request) error { return nil }, router.Options{Action: "rooms.Show"})
			r.Post("/rooms", func(http.ResponseWriter, *http.Request) error { return nil }, router.Options{Action: "rooms.Create"})
			r.Get("/boom", func(w http.ResponseWriter, r *http.Request) error {
				session.Of(r).Put("name", "Ada")
				return loadRoom(r.FormValue("q"))
			}, router.Options{Action: "rooms.Boom"})
		})
	})
	answer := endpoint.Errors(endpoint.ErrorsConfig{Debug: true, Routes: routes.Routes})
	h := func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if v := recover(); v != nil {
				answer(w, r, &endpoint.PanicError{Value: v, Stack: debug.Stack()})
			}
		}()
		routes.ServeHTTP(w, r)
	}
	srv := httptest.NewServer(plug.Errors(answer)(http.HandlerFunc(h)))
	t.Cleanup(srv.Close)
	b := browser.Start(t, browser.Config{})
	for _, dark := range []bool{false, true} {
		name := map[bool]string{false: "light", true: "dark"}[dark]
		w := b.Window(browser.WindowConfig{Name: name, Dark: dark})
		w.Open(srv.URL + "/boom?q=%3Cscript%3Ewindow.broken%3D1%3C/script%3E&password=hunter2")
		w.WaitText("message", "panic: room <script>window.broken=1</script>: no such room\nwith this name")
		w.Until("the style applies", `getComputedStyle(document.querySelector("header")).borderBottomWidth === "4px"`)
		w.Until("nothing else runs", `window.broken === undefined`)
		w.Screenshot("debug-" + name)
		w.Until("the text to copy is whole", `/^# 500 Internal Server Error at GET \/boom\n[^]*## Session\n\n    name: Ada/.test(document.getElementById("text").content.textContent)`)
		w.Until("no secret is shown", `!document.documentElement.outerHTML.includes("hunter2")`)
		w.Click("copy")
		w.WaitText("copy", "Copied")
		w.Open(srv.URL + "/nowhere")
		w.WaitText("message", `router: no route for GET "/nowhere"`)
		w.Screenshot("debug-404-" + name)
	}
	w := b.Window(browser.WindowConfig{Name: "phone", Phone: true})
	w.Open(srv.URL + "/boom?q=a")
	w.Until("nothing is wider than the phone", `document.documentElement.scrollWidth <= innerWidth`)
	w.Screenshot("debug-phone")
}

func loadRoom(name string) error {
	room, err := findRoom(name)
	if err != nil {
		panic(fmt.Errorf("room %s: %w\nwith this name", name, err))
	}
	_ = room
	return nil
}

func findRoom(string) (*struct{}, error) { return nil, errors.New("no such room") }
