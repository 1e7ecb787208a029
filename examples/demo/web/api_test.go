package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/channeltest"
	"github.com/bennu-go/bennu/conntest"
	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/param"
)

// program is a user of the API.
func (d demo) program() *conntest.Client { return conntest.New(d.t, d.site) }

const password = "correct horse"

// opened is the answer to a log-in.
type opened struct {
	Data struct {
		Token   string         `json:"token"`
		Expires time.Time      `json:"expires_at"`
		User    map[string]any `json:"user"`
	} `json:"data"`
}

// register makes an account, logs in and returns a client with the bearer token, and the token.
func (d demo) register(name string) (*conntest.Client, string) {
	d.t.Helper()
	c := d.program()
	email := strings.ToLower(name) + "@example.com"
	c.Post("/api/v1/users", conntest.JSON(param.Map{"user": param.Map{"name": name, "email": email, "password": password}})).WantStatus(http.StatusCreated)
	return d.logIn(email)
}

// logIn returns a client with a bearer token, and the token.
func (d demo) logIn(email string) (*conntest.Client, string) {
	d.t.Helper()
	c := d.program()
	var in opened
	c.Post("/api/v1/sessions", conntest.JSON(param.Map{"email": email, "password": password})).DecodeJSON(http.StatusCreated, &in)
	c.SetHeader("Authorization", "Bearer "+in.Data.Token)
	return c, in.Data.Token
}

func TestAnAccountFromBeginningToEnd(t *testing.T) {
	bubble(t, func(t *testing.T, d demo) {
		c := d.program()
		user := param.Map{"name": " Ada ", "email": "ada@example.com", "password": password}
		now := time.Now().UTC().Truncate(time.Second)
		shown := map[string]any{"id": 1, "name": "Ada", "email": "ada@example.com", "avatar": nil, "inserted_at": now}
		created := c.Post("/api/v1/users", conntest.JSON(param.Map{"user": user})).WantHeader("Location", "/api/v1/users/1").WantHeader("Cache-Control", "no-store")
		created.WantJSON(http.StatusCreated, map[string]any{"data": shown})

		var in opened
		c.Post("/api/v1/sessions", conntest.JSON(param.Map{"email": "ADA@example.com", "password": password})).DecodeJSON(http.StatusCreated, &in)
		if !in.Data.Expires.Equal(now.Add(24*time.Hour)) || in.Data.User["name"] != "Ada" {
			t.Errorf("got %+v", in.Data)
		}
		c.SetHeader("Authorization", "Bearer "+in.Data.Token)
		c.Get("/api/v1/users/1").WantJSON(http.StatusOK, map[string]any{"data": shown})
		etag := c.Get("/api/v1/users/1").Header.Get("ETag")
		again := c.Request(http.MethodGet, "/api/v1/users/1", conntest.Body{})
		again.Header.Set("If-None-Match", etag)
		c.Do(again).WantStatus(http.StatusNotModified)

		shown["name"] = "Lovelace"
		for _, update := range []func(string, conntest.Body) *conntest.Response{c.Patch, c.Put} {
			update("/api/v1/users/1", conntest.JSON(param.Map{"user": param.Map{"name": "Lovelace"}})).WantJSON(http.StatusOK, map[string]any{"data": shown})
		}
		c.Patch("/api/v1/users/1", conntest.JSON(param.Map{"user": param.Map{"password": "another horse"}})).
			WantJSON(http.StatusUnprocessableEntity, map[string]any{"errors": map[string]any{"current_password": []string{"is not valid"}}})
		c.Patch("/api/v1/users/1", conntest.JSON(param.Map{"user": param.Map{"password": "another horse", "current_password": password}})).WantStatus(http.StatusOK)
		c.Get("/api/v1/users/1").WantStatus(http.StatusOK) // this log-in goes on

		c.Delete("/api/v1/users/1").WantStatus(http.StatusNoContent)
		c.Get("/api/v1/users").WantJSON(http.StatusUnauthorized, map[string]any{"errors": map[string]any{"detail": "token not accepted"}})
	})
}

func TestErrorsHaveOneForm(t *testing.T) {
	bubble(t, func(t *testing.T, d demo) {
		ada, _ := d.register("Ada")
		d.register("Bob")
		anybody := d.program()
		detail := func(s string) map[string]any { return map[string]any{"errors": map[string]any{"detail": s}} }
		fields := func(pairs ...string) map[string]any {
			m := map[string]any{}
			for i := 0; i < len(pairs); i += 2 {
				m[pairs[i]] = []string{pairs[i+1]}
			}
			return map[string]any{"errors": m}
		}
		user := func(pairs ...string) conntest.Body {
			m := param.Map{}
			for i := 0; i < len(pairs); i += 2 {
				m[pairs[i]] = pairs[i+1]
			}
			return conntest.JSON(param.Map{"user": m})
		}
		for name, tc := range map[string]struct {
			response *conntest.Response
			status   int
			want     any
		}{
			"nobody":             {anybody.Get("/api/v1/users"), 401, detail("not logged in")},
			"no such user":       {ada.Get("/api/v1/users/99"), 404, detail("Not Found")},
			"no number":          {ada.Get("/api/v1/users/ada"), 404, detail("Not Found")},
			"no such route":      {ada.Get("/api/v1/horses"), 404, detail("Not Found")},
			"another method":     {ada.Post("/api/v1/users/1", user()), 405, detail("Method Not Allowed")},
			"another format":     {asks(ada, "/api/v1/users", "text/html"), 406, detail("the client accepts none of json")},
			"somebody else":      {ada.Patch("/api/v1/users/2", user("name", "Eve")), 403, detail("Only users themselves may change their account.")},
			"delete of another":  {ada.Delete("/api/v1/users/2"), 403, detail("Only users themselves may change their account.")},
			"taken":              {anybody.Post("/api/v1/users", user("name", "ada", "email", "eve@example.com", "password", password)), 422, fields("name", "has already been taken")},
			"several":            {anybody.Post("/api/v1/users", user("name", "Eve")), 422, fields("email", "must have an @ sign and no spaces", "password", "must have at least 8 characters")},
			"a wrong type":       {anybody.Post("/api/v1/users", conntest.JSON(param.Map{"user": param.Map{"name": []string{"Eve"}}})), 422, nil},
			"a wrong password":   {anybody.Post("/api/v1/sessions", conntest.JSON(param.Map{"email": "ada@example.com", "password": "wrong"})), 401, detail("Invalid email or password.")},
			"no password":        {anybody.Post("/api/v1/sessions", conntest.JSON(param.Map{"email": "ada@example.com"})), 422, fields("password", "is required")},
			"no JSON":            {anybody.Post("/api/v1/sessions", conntest.Body{ContentType: "application/json", Content: []byte("{")}), 400, detail("the JSON does not decode")},
			"too large":          {anybody.Post("/api/v1/sessions", conntest.JSON(strings.Repeat("x", 17<<10))), 413, detail("the body has more than 16384 bytes")},
			"a page that is not": {ada.Get("/api/v1/users?page[number]=0"), 400, fields("page[number]", "must be a whole number from 1 to 1000000")},
			"a page too large":   {ada.Get("/api/v1/users?page[size]=101"), 400, fields("page[size]", "must be a whole number from 1 to 100")},
			"a size in words":    {ada.Get("/api/v1/users?page[size]=all"), 400, fields("page[size]", "must be a whole number from 1 to 100")},
			"a name of an account for a guest": {anybody.Post("/api/v1/guests", conntest.JSON(param.Map{"name": "ADA"})), 422,
				fields("name", "belongs to an account: log in to use it")},
		} {
			var got map[string]map[string]any
			if err := json.Unmarshal([]byte(tc.response.Body), &got); err != nil || tc.response.Status != tc.status || len(got) != 1 || len(got["errors"]) == 0 {
				t.Errorf("%s: got %v, want status %d and an object of errors (%v)", name, tc.response, tc.status, err)
				continue
			}
			if tc.want != nil {
				want, _ := json.Marshal(tc.want)
				if diff := cmp.Diff(normal(t, string(want)), normal(t, tc.response.Body)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
		}
		anybody.Get("/api/v1/users/1").WantHeader("WWW-Authenticate", "Bearer")
		ada.Get("/api/v1/users/99").WantError(http.StatusNotFound, controller.ErrNotFound)
		ada.Post("/api/v1/users/1", user()).WantHeader("Allow", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT")
	})
}

func asks(c *conntest.Client, path, accept string) *conntest.Response {
	r := c.Request(http.MethodGet, path, conntest.Body{})
	r.Header.Set("Accept", accept)
	return c.Do(r)
}

func normal(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestPagesAreLinked(t *testing.T) {
	bubble(t, func(t *testing.T, d demo) {
		ada, _ := d.register("Ada")
		for i := range 4 {
			d.register(fmt.Sprint("U", i))
		}
		type answer struct {
			Data []struct {
				Name  string `json:"name"`
				Email string `json:"email"`
			} `json:"data"`
			Links map[string]*string `json:"links"`
			Meta  map[string]int     `json:"meta"`
		}
		walked := []string{}
		next := new(string)
		*next = "/api/v1/users?page[size]=2"
		var last answer
		for pages := 0; next != nil && pages < 5; pages++ {
			last = answer{}
			ada.Get(*next).DecodeJSON(http.StatusOK, &last)
			for _, u := range last.Data {
				walked = append(walked, u.Name+u.Email)
			}
			next = last.Links["next"]
		}
		if diff := cmp.Diff([]string{"Adaada@example.com", "U0", "U1", "U2", "U3"}, walked); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		link := func(n int) *string {
			s := fmt.Sprintf("/api/v1/users?page[number]=%d&page[size]=2", n)
			return &s
		}
		want := answer{Links: map[string]*string{"first": link(1), "prev": link(2), "next": nil, "last": link(3)}, Meta: map[string]int{"total": 5, "pages": 3}}
		last.Data = nil
		if diff := cmp.Diff(want, last); diff != "" {
			t.Errorf("the last page (-want +got):\n%s", diff)
		}
		var beyond answer
		ada.Get("/api/v1/users?page[number]=9&page[size]=2").DecodeJSON(http.StatusOK, &beyond)
		if diff := cmp.Diff(map[string]*string{"first": link(1), "prev": link(3), "next": nil, "last": link(3)}, beyond.Links); diff != "" || len(beyond.Data) != 0 {
			t.Errorf("beyond the last page: %v (-want +got):\n%s", beyond.Data, diff)
		}
	})
}

func TestLogInsAreLimited(t *testing.T) {
	bubble(t, func(t *testing.T, d demo) {
		c := d.program()
		try := func() *conntest.Response {
			return c.Post("/api/v1/sessions", conntest.JSON(param.Map{"email": "ada@example.com", "password": "guess"}))
		}
		for range 20 {
			try().WantStatus(http.StatusUnauthorized)
		}
		try().WantHeader("Retry-After", "3").WantStatus(http.StatusTooManyRequests)
		d.program().Post("/log-in", conntest.Form(param.Map{"user": param.Map{"email": "x"}})).WantStatus(http.StatusTooManyRequests)
		c.Get("/api/v1/users").WantStatus(http.StatusUnauthorized) // all else goes on
		time.Sleep(3 * time.Second)
		try().WantStatus(http.StatusUnauthorized)
	})
}

// Whoever logs out, with a program or with a browser, closes the sockets of that log-in and of no other.
func TestALogInEndsWithItsSockets(t *testing.T) {
	bubble(t, func(t *testing.T, d demo) {
		ada, tok := d.register("Ada")
		var second opened
		d.program().Post("/api/v1/sessions", conntest.JSON(param.Map{"email": "ada@example.com", "password": password})).DecodeJSON(http.StatusCreated, &second)
		connect := func(token string) *channeltest.Client {
			t.Helper()
			c, err := d.app.TryConnect(nil, channeltest.Options{AuthToken: token})
			if err != nil {
				t.Fatal(err)
			}
			c.Join("room:lobby", nil)
			return c
		}
		first, other := connect(tok), connect(second.Data.Token)
		ada.Delete("/api/v1/sessions").WantStatus(http.StatusNoContent)
		first.WantDisconnect(1001)
		other.TryJoin("room:help", nil).WantReply("ok", nil)
		if _, err := d.app.TryConnect(nil, channeltest.Options{AuthToken: tok}); err == nil || !strings.Contains(err.Error(), "401") {
			t.Errorf("got %v, want 401", err)
		}
	})
}

// A guest who says a name loses it to whoever registers it.
func TestAGuestMakesWayForAnAccount(t *testing.T) {
	bubble(t, func(t *testing.T, d demo) {
		guest := d.signIn("Ada")
		d.register("Ada")
		if _, err := d.app.TryConnect(nil, channeltest.Options{AuthToken: guest}); err == nil || !strings.Contains(err.Error(), "401") {
			t.Errorf("got %v, want 401", err)
		}
	})
}

func TestOtherSites(t *testing.T) {
	bubble(t, func(t *testing.T, d demo) {
		for _, tc := range []struct {
			origin, path string
			status       int
			allowed      string
		}{
			{"https://friend.example", "/api/v1/users", 401, "https://friend.example"},
			{"https://friend.example", "/api/v1/nothing", 404, "https://friend.example"},
			{"https://stranger.example", "/api/v1/users", 401, ""},
			{"https://friend.example", "/", 200, ""}, // pages are nobody else's
			{"https://friend.example", "/session", 200, ""},
		} {
			c := d.program()
			c.SetHeader("Origin", tc.origin)
			c.Get(tc.path).WantHeader("Access-Control-Allow-Origin", tc.allowed).WantStatus(tc.status)
		}
	})
}
