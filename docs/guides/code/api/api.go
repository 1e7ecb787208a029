// Package api is the code of the guide on JSON APIs.
package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/router"
)

// User is what the context knows.
type User struct {
	ID           int64
	Email, Name  string
	PasswordHash []byte
}

// Accounts is the context. It validates, and knows nothing of requests.
type Accounts interface {
	List(ctx context.Context, offset, limit int) (users []User, total int, err error)
	Get(ctx context.Context, id int64) (User, error) // controller.ErrNotFound
	Register(ctx context.Context, email, name string) (User, error)
	Rename(ctx context.Context, id int64, name string) (User, error)
	Delete(ctx context.Context, id int64) error
}

// Config is what the API is made of.
type Config struct {
	Accounts Accounts
	Verify   func(ctx context.Context, token string) (User, error)
	Origins  []string // of pages that may call it
}

// Routes of the API.
func Routes(cfg Config) *router.Router {
	api := router.Pipeline{Name: "api", Plugs: []plug.Plug{
		plug.Accepts("json"),
		plug.BearerAuth(cfg.Verify),
		plug.RateLimit(plug.RateLimitConfig{Limit: 100, Per: time.Minute, Key: plug.KeyByUser(func(u User) string { return u.Email }), Store: plug.NewMemoryRates(0)}),
	}}
	users := users{cfg.Accounts}
	return router.New(func(r *router.Scope) {
		r.Fallback(controller.Fallback(controller.FallbackConfig{Challenge: "Bearer"}))
		r.Scope("/api", router.Always(plug.CORS(plug.CORSConfig{Origins: cfg.Origins, MaxAge: time.Hour})), api, func(r *router.Scope) {
			r.Scope("/v1", func(r *router.Scope) {
				r.Name("v1")
				r.Resources("/users", router.Resource{Index: users.index, Show: users.show, Create: users.create, Update: users.update, Delete: users.delete})
			})
		})
	})
}

type users struct{ accounts Accounts }

// userJSON says what of a user leaves the house.
type userJSON struct {
	ID    int64  `json:"id"`
	Email string `json:"email"`
	Name  string `json:"name"`
}

func toJSON(u User) userJSON { return userJSON{u.ID, u.Email, u.Name} }

// one is the envelope of a single thing.
type one[T any] struct {
	Data T `json:"data"`
}

// many is the envelope of a page of things.
type many[T any] struct {
	Data  []T               `json:"data"`
	Total int               `json:"total"`
	Links map[string]string `json:"links"`
}

func (c users) index(w http.ResponseWriter, r *http.Request) error {
	p := param.Of(r)
	page, err := param.Or(p, "page", 1)
	if err != nil {
		return err
	}
	size, err := param.Or(p, "size", 20)
	if err != nil {
		return err
	}
	if page < 1 || size < 1 || size > 100 {
		return &controller.Error{Status: http.StatusBadRequest, Detail: "page is from 1, size from 1 to 100"}
	}
	found, total, err := c.accounts.List(r.Context(), (page-1)*size, size)
	if err != nil {
		return err
	}
	out := many[userJSON]{Total: total, Links: map[string]string{}}
	for _, u := range found {
		out.Data = append(out.Data, toJSON(u))
	}
	if page > 1 {
		out.Links["prev"] = pageLink(r, page-1, size)
	}
	if page*size < total {
		out.Links["next"] = pageLink(r, page+1, size)
	}
	return controller.JSONIfChanged(w, r, out)
}

func pageLink(r *http.Request, page, size int) string {
	link, err := controller.CurrentPathWith(r, param.Map{"page": page, "size": size})
	if err != nil {
		panic(err) // numbers can be encoded
	}
	return link
}

func (c users) show(w http.ResponseWriter, r *http.Request) error {
	id, err := param.Value[int64](param.Of(r), "id")
	if err != nil {
		return controller.ErrNotFound
	}
	user, err := c.accounts.Get(r.Context(), id)
	if err != nil {
		return err
	}
	return controller.JSON(w, http.StatusOK, one[userJSON]{toJSON(user)})
}

func (c users) create(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Email string `param:"email,required"`
		Name  string `param:"name"`
	}
	if err := param.Bind(param.Get(r, "user"), &in); err != nil {
		return err
	}
	user, err := c.accounts.Register(r.Context(), strings.TrimSpace(in.Email), in.Name)
	if err != nil {
		return err
	}
	return controller.Created(w, "/api/v1/users/"+router.Segment(user.ID), one[userJSON]{toJSON(user)})
}

func (c users) update(w http.ResponseWriter, r *http.Request) error {
	id, err := param.Value[int64](param.Of(r), "id")
	if err != nil {
		return controller.ErrNotFound
	}
	if me, _ := plug.CurrentUser[User](r); me.ID != id {
		return controller.ErrForbidden
	}
	var in struct {
		Name *string `param:"name"` // nil: leave it
	}
	if err := param.Bind(param.Get(r, "user"), &in); err != nil {
		return err
	}
	user, err := c.accounts.Get(r.Context(), id)
	if err == nil && in.Name != nil {
		user, err = c.accounts.Rename(r.Context(), id, *in.Name)
	}
	if err != nil {
		return err
	}
	return controller.JSON(w, http.StatusOK, one[userJSON]{toJSON(user)})
}

func (c users) delete(w http.ResponseWriter, r *http.Request) error {
	id, err := param.Value[int64](param.Of(r), "id")
	if err != nil {
		return controller.ErrNotFound
	}
	if me, _ := plug.CurrentUser[User](r); me.ID != id {
		return controller.ErrForbidden
	}
	if err := c.accounts.Delete(r.Context(), id); err != nil {
		return err
	}
	return controller.NoContent(w)
}
