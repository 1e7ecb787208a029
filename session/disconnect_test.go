package session_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/channeltest"
	"github.com/bennu-go/bennu/session"
	"github.com/bennu-go/bennu/token"
)

// Logging out closes the sockets that were opened with the session, and no others.
func TestLogOutDisconnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := channeltest.Start(t, channel.UserSocket[string]{
			Connect: func(_ context.Context, r *channel.ConnectRequest) (string, error) {
				id, _ := r.Session()[session.LiveSocketKey].(string)
				return id, nil
			},
			ID: func(id string) string { return id },
		})
		sessions := session.NewCookieStore(session.Config{Secrets: token.Secrets{strings.Repeat("a", 64)}})
		mux := http.NewServeMux()
		mux.HandleFunc("/log-in", func(w http.ResponseWriter, r *http.Request) {
			session.Of(r).Renew()
			session.Of(r).SetDisconnectID("users_sessions:" + r.FormValue("id"))
		})
		mux.HandleFunc("/log-out", func(w http.ResponseWriter, r *http.Request) {
			id := session.Of(r).DisconnectID()
			session.Of(r).Drop()
			if err := channel.Disconnect(app.PubSub(), id); err != nil {
				t.Error(err)
			}
		})
		site := session.Load(sessions)(mux)
		visit := func(path string, cookies []*http.Cookie) []*http.Cookie {
			w, r := httptest.NewRecorder(), httptest.NewRequest("POST", path, nil)
			for _, c := range cookies {
				r.AddCookie(c)
			}
			site.ServeHTTP(w, r)
			return w.Result().Cookies()
		}
		open := func(cookies []*http.Cookie) *channeltest.Client {
			r := httptest.NewRequest("GET", "/socket/websocket", nil)
			for _, c := range cookies {
				r.AddCookie(c)
			}
			data, err := sessions.Read(r)
			if err != nil {
				t.Fatal(err)
			}
			c, err := app.TryConnect(nil, channeltest.Options{Session: data})
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		ada, bob := visit("/log-in?id=1", nil), visit("/log-in?id=2", nil)
		adas, bobs := open(ada), open(bob)
		if left := visit("/log-out", ada); len(left) != 1 || left[0].MaxAge >= 0 {
			t.Errorf("got %v", left)
		}
		adas.WantDisconnect(1001)
		if _, _, closed := bobs.Closed(); closed {
			t.Error("another user was disconnected")
		}
	})
}
