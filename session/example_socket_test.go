package session_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/bennu-go/bennu/csrf"
	"github.com/bennu-go/bennu/session"
	"github.com/bennu-go/bennu/token"
)

// A page was served with a session; the socket that it opens reads the session, after it has seen that the page is ours.
func Example_socket() {
	sessions := session.NewCookieStore(session.Config{
		Secrets:        token.Secrets{strings.Repeat("from the environment", 4)},
		EncryptionSalt: "session of the shop",
	})

	state := csrf.New()
	value, err := sessions.Encode(map[string]any{"user_id": 42, csrf.SessionKey: state})
	if err != nil {
		panic(err)
	}
	page := csrf.Mask(state)

	connect := httptest.NewRequest("GET", "/socket/websocket?_csrf_token="+page, nil)
	connect.AddCookie(&http.Cookie{Name: "_bennu_session", Value: value})

	data, err := sessions.Read(connect)
	if err != nil {
		panic(err)
	}
	known, _ := data[csrf.SessionKey].(string)
	if csrf.Valid(known, connect.URL.Query().Get(csrf.Param)) {
		fmt.Println("user", data["user_id"])
	}
	// Output:
	// user 42
}
