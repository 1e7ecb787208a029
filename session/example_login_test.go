package session_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/bennu-go/bennu/session"
)

// Somebody logs in: the session gets a new id, the next page a message, and the sockets of this log-in a name to close them by.
func Example_logIn() {
	sessions := session.NewServerStore(session.NewMemoryTable(), session.ServerConfig{}) // a service: its Run sweeps

	mux := http.NewServeMux()
	mux.HandleFunc("POST /log-in", func(w http.ResponseWriter, r *http.Request) {
		s := session.Of(r)
		s.Renew()
		s.Put("user_id", 42)
		s.SetDisconnectID("users_socket:42")
		session.PutFlash(r, "info", "Welcome back!")
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		id, _ := session.Of(r).Int("user_id")
		fmt.Println("user", id, session.Flash(r)["info"])
	})
	app := session.Load(sessions)(mux)

	answer := httptest.NewRecorder()
	app.ServeHTTP(answer, httptest.NewRequest("POST", "/log-in", nil))
	next := httptest.NewRequest("GET", "/", nil)
	for _, c := range answer.Result().Cookies() {
		next.AddCookie(c)
	}
	app.ServeHTTP(httptest.NewRecorder(), next)
	// Output:
	// user 42 Welcome back!
}
