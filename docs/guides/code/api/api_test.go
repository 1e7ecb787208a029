package api

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/conntest"
	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/plug"
)

// memory is an Accounts of as many users as it has, for tests.
type memory struct{ users []User }

func (m *memory) find(id int64) int {
	return slices.IndexFunc(m.users, func(u User) bool { return u.ID == id })
}

func (m *memory) List(_ context.Context, offset, limit int) ([]User, int, error) {
	from := min(offset, len(m.users))
	return m.users[from:min(from+limit, len(m.users))], len(m.users), nil
}

func (m *memory) Get(_ context.Context, id int64) (User, error) {
	if i := m.find(id); i >= 0 {
		return m.users[i], nil
	}
	return User{}, controller.ErrNotFound
}

func (m *memory) Register(_ context.Context, email, name string) (User, error) {
	if !strings.Contains(email, "@") {
		return User{}, controller.Invalid{"email": {"has invalid format"}}
	}
	u := User{ID: int64(len(m.users) + 1), Email: email, Name: name, PasswordHash: []byte("secret")}
	m.users = append(m.users, u)
	return u, nil
}

func (m *memory) Rename(_ context.Context, id int64, name string) (User, error) {
	m.users[m.find(id)].Name = name
	return m.users[m.find(id)], nil
}

func (m *memory) Delete(_ context.Context, id int64) error {
	m.users = slices.Delete(m.users, m.find(id), m.find(id)+1)
	return nil
}

// The token of a test is the user's id.
func (m *memory) verify(ctx context.Context, token string) (User, error) {
	id, _ := strconv.ParseInt(token, 10, 64)
	u, err := m.Get(ctx, id)
	if err != nil {
		return u, plug.ErrUnauthorized
	}
	return u, nil
}

func app(t *testing.T, users int) *conntest.Client {
	m := &memory{}
	for i := range users {
		m.Register(t.Context(), "user"+strconv.Itoa(i+1)+"@example.com", "")
	}
	fallback := controller.Fallback(controller.FallbackConfig{Challenge: "Bearer"})
	c := conntest.New(t, plug.Pipeline(plug.Errors(fallback), plug.Parsers())(Routes(Config{Accounts: m, Verify: m.verify, Origins: []string{"https://app.example.com"}})))
	c.SetHeader("Authorization", "Bearer 1")
	return c
}

type object = map[string]any

func TestUsers(t *testing.T) {
	c := app(t, 1)
	ada := object{"id": 2, "email": "ada@example.com", "name": "Ada"}
	r := c.Post("/api/v1/users", conntest.JSON(object{"user": object{"email": "ada@example.com", "name": "Ada", "admin": true}}))
	r.WantHeader("Location", "/api/v1/users/2").WantJSON(201, object{"data": ada})
	c.Get("/api/v1/users/2").WantJSON(200, object{"data": ada})
	c.Patch("/api/v1/users/2", conntest.JSON(object{"user": object{"name": "Countess"}})).WantError(403, controller.ErrForbidden)
	c.SetHeader("Authorization", "Bearer 2")
	ada["name"] = "Countess"
	c.Patch("/api/v1/users/2", conntest.JSON(object{"user": object{"name": "Countess"}})).WantJSON(200, object{"data": ada})
	c.Patch("/api/v1/users/2", conntest.JSON(object{"user": object{}})).WantJSON(200, object{"data": ada})
	c.Delete("/api/v1/users/2").WantStatus(204)
	c.SetHeader("Authorization", "Bearer 1")
	c.Get("/api/v1/users/2").WantJSON(404, object{"errors": object{"detail": "Not Found"}})
}

func TestPages(t *testing.T) {
	c := app(t, 5)
	type page = struct {
		Data  []object          `json:"data"`
		Total int               `json:"total"`
		Links map[string]string `json:"links"`
	}
	var seen []any
	path := "/api/v1/users?size=2"
	for path != "" {
		var p page
		c.Get(path).DecodeJSON(200, &p)
		for _, u := range p.Data {
			seen = append(seen, u["email"])
		}
		path = p.Links["next"]
	}
	want := []any{"user1@example.com", "user2@example.com", "user3@example.com", "user4@example.com", "user5@example.com"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	// A page behind the last is an empty list, not null.
	c.Get("/api/v1/users?page=9").WantJSON(200, object{"data": []any{}, "total": 5, "links": object{"prev": "/api/v1/users?page=8&size=20"}})
	c.Get("/api/v1/users?size=1000").WantStatus(400)
	c.Get("/api/v1/users?page=x").WantJSON(400, object{"errors": object{"page": []any{"must be a whole number"}}})

	tag := c.Get("/api/v1/users").WantStatus(200).Header.Get("Etag")
	c.SetHeader("If-None-Match", tag)
	c.Get("/api/v1/users").WantStatus(304)
}

func TestMistakesHaveOneShape(t *testing.T) {
	c := app(t, 1)
	field := func(name, reason string) object { return object{"errors": object{name: []any{reason}}} }
	c.Post("/api/v1/users", conntest.JSON(object{"user": object{}})).WantJSON(422, field("email", "is required"))
	c.Post("/api/v1/users", conntest.JSON(object{})).WantJSON(422, field("email", "is required"))
	c.Post("/api/v1/users", conntest.JSON(object{"user": object{"email": "ada"}})).WantJSON(422, field("email", "has invalid format"))
	c.Post("/api/v1/users", conntest.Body{ContentType: "application/json", Content: []byte("{")}).WantStatus(400).WantHeader("Content-Type", "application/json; charset=utf-8")
	c.Put("/api/v1/users", conntest.JSON(object{})).WantJSON(405, object{"errors": object{"detail": "Method Not Allowed"}})
	c.SetHeader("Accept", "text/html")
	c.Get("/api/v1/users").WantStatus(406)
	c.SetHeader("Accept", "")
	c.SetHeader("Authorization", "Bearer 99")
	c.Get("/api/v1/users").WantHeader("Www-Authenticate", `Bearer error="invalid_token"`).WantStatus(401)
}

func TestOtherSites(t *testing.T) {
	c := app(t, 1)
	ask := func(method, path, origin string) *conntest.Response {
		r := c.Request(method, path, conntest.Body{})
		r.Header.Set("Origin", origin)
		if method == "OPTIONS" {
			r.Header.Set("Access-Control-Request-Method", "PATCH")
			r.Header.Set("Access-Control-Request-Headers", "authorization,content-type")
		}
		return c.Do(r)
	}
	ask("OPTIONS", "/api/v1/users/1", "https://app.example.com").WantStatus(204).WantHeader("Access-Control-Allow-Methods", "PATCH")
	ask("OPTIONS", "/api/v1/users/1", "https://evil.example").WantHeader("Access-Control-Allow-Origin", "")
	c.SetHeader("Authorization", "")
	for path, status := range map[string]int{"/api/v1/users/1": 401, "/api/none": 404} {
		ask("GET", path, "https://app.example.com").WantStatus(status).WantHeader("Access-Control-Allow-Origin", "https://app.example.com")
	}
}

func TestRate(t *testing.T) {
	c := app(t, 2)
	for range 100 {
		c.Get("/api/v1/users/1").WantStatus(200)
	}
	if c.Get("/api/v1/users/1").WantStatus(429).Header.Get("Retry-After") == "" {
		t.Error("nobody says when to come back")
	}
	c.SetHeader("Authorization", "Bearer 2")
	c.Get("/api/v1/users/1").WantHeader("RateLimit-Remaining", "99").WantStatus(200)
}
