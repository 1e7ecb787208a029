package web

import (
	"errors"
	"net/http"
	"time"

	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/examples/demo/accounts"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
)

// credentials is what a log-in takes, on the page and in the API.
type credentials struct {
	Email    string `param:"email,required"`
	Password string `param:"password,required"`
}

// createSession logs in: the answer has the bearer token.
func (d Deps) createSession(w http.ResponseWriter, r *http.Request) error {
	var in credentials
	if err := param.Bind(param.Of(r), &in); err != nil {
		return err
	}
	u, err := d.Accounts.LogIn(r.Context(), in.Email, in.Password)
	if errors.Is(err, accounts.ErrUnauthorized) {
		return &controller.Error{Status: http.StatusUnauthorized, Detail: "Invalid email or password.", Err: err}
	}
	if err != nil {
		return err
	}
	return controller.JSON(w, http.StatusCreated, data(map[string]any{
		"token":      d.Accounts.Open(u, accounts.BearerAge),
		"expires_at": time.Now().Add(accounts.BearerAge).UTC().Truncate(time.Second),
		"user":       userJSON(u, u),
	}))
}

// deleteSession logs out: the token is no longer accepted, and its sockets are closed.
func (d Deps) deleteSession(w http.ResponseWriter, r *http.Request) error {
	p, _ := plug.CurrentUser[Person](r)
	if err := d.Accounts.End(p.Token); err != nil {
		return err
	}
	return controller.NoContent(w)
}
