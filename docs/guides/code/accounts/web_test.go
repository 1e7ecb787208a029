package accounts

import (
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"golang.org/x/crypto/bcrypt"

	"github.com/bennu-go/bennu/channeltest"
	"github.com/bennu-go/bennu/conntest"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/session"
	"github.com/bennu-go/bennu/token"
)

var secrets = token.Secrets{strings.Repeat("s", 64)}

func newWeb(t *testing.T) Web {
	a := New(bcrypt.MinCost)
	if _, err := a.Register("ada@example.com", "hello hello"); err != nil {
		t.Fatal(err)
	}
	return Web{Accounts: a, Sessions: session.NewCookieStore(session.Config{Secrets: secrets}), Tokens: token.New(token.Config{Secrets: secrets})}
}

var front = plug.Pipeline(plug.Parsers(), plug.MethodOverride())

var field = regexp.MustCompile(`name="_csrf_token" value="([^"]+)"`)

func form(password, csrf string) conntest.Body {
	return conntest.Form(param.Map{"user": param.Map{"email": "ada@example.com", "password": password}, "_csrf_token": csrf})
}

func browserOf(t *testing.T, web Web) *conntest.Client {
	c := conntest.New(t, front(web.Router()))
	c.SetHeader("Accept", "text/html")
	c.CheckCSRF()
	return c
}

func TestLogInAndOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		web := newWeb(t)
		app := channeltest.Start(t, web.Socket())
		web.PubSub = app.PubSub()
		c := browserOf(t, web)

		page := c.Get("/account").WantStatus(303).Follow().WantHTML(200, "You must log in to access this page.")
		csrf := field.FindStringSubmatch(page)[1]
		c.Post("/log-in", form("wrong", csrf)).Follow().WantHTML(200, "Wrong email or password.")
		planted := c.Cookie("/", "_bennu_session")
		if to := c.Post("/log-in", form("hello hello", csrf)).RedirectedTo(303); to != "/account" {
			t.Errorf("got to %s", to)
		}
		mine := c.Get("/account")
		page = mine.WantHTML(200, "ada@example.com")
		c.Get("/log-in").WantStatus(303).WantHeader("Location", "/account")
		if c.Cookie("/", "_bennu_session") == planted {
			t.Error("the session is that of before")
		}

		socket, err := app.TryConnect(nil, channeltest.Options{Session: mine.Session().All()})
		if err != nil {
			t.Fatal(err)
		}
		c.Delete("/log-in").WantStatus(403)
		c.Get("/account").WantStatus(200)
		csrf = field.FindStringSubmatch(page)[1]
		c.Post("/log-in", conntest.Form(param.Map{"_method": "delete", "_csrf_token": csrf})).WantStatus(303).Follow().WantHTML(200)
		socket.WantDisconnect(1001)
		c.Get("/account").WantStatus(303).WantHeader("Location", "/log-in")

		// A copy of the old cookie is worth nothing, although it is signed.
		thief := browserOf(t, web)
		thief.PutSession(web.Sessions, func(s *session.Session) { s.Put("log_in", mine.Session().String("log_in")) })
		thief.Get("/account").WantStatus(303).WantHeader("Location", "/log-in")
	})
}

func TestAPIToken(t *testing.T) {
	c := conntest.New(t, front(newWeb(t).Router()))
	c.Get("/api/v1/me").WantJSON(401, map[string]any{"errors": map[string]any{"detail": "Unauthorized"}})
	c.Post("/api/v1/sessions", conntest.JSON(map[string]string{"email": "ada@example.com", "password": "wrong"})).
		WantJSON(401, map[string]any{"errors": map[string]any{"detail": "wrong email or password"}})
	var created struct {
		Data struct {
			Token string `json:"token"`
		} `json:"data"`
	}
	c.Post("/api/v1/sessions", conntest.JSON(map[string]string{"email": "ada@example.com", "password": "hello hello"})).DecodeJSON(201, &created)
	c.SetHeader("Authorization", "Bearer "+created.Data.Token)
	c.Get("/api/v1/me").WantJSON(200, map[string]any{"data": map[string]any{"id": 1, "email": "ada@example.com"}})
	c.SetHeader("Authorization", "Bearer "+created.Data.Token+"x")
	c.Get("/api/v1/me").WantStatus(401)
}

func TestPasswordsAreTriedSlowly(t *testing.T) {
	c := conntest.New(t, front(newWeb(t).Router()))
	for range 5 {
		c.Post("/api/v1/sessions", conntest.JSON(map[string]string{"email": "ada@example.com", "password": "wrong"})).WantStatus(401)
	}
	c.Post("/api/v1/sessions", conntest.JSON(map[string]string{"email": "ada@example.com", "password": "hello hello"})).WantStatus(429)
	c.SetHeader("Accept", "text/html")
	c.Post("/log-in", form("hello hello", "")).WantStatus(429) // both doors count together
}
