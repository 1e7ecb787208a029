package web

import (
	"errors"
	"net/http"

	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/examples/demo/chat"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
)

// createGuest gives a token to whoever says a name that is no account's.
func (d Deps) createGuest(w http.ResponseWriter, r *http.Request) error {
	name, err := nameOf(r)
	if err != nil {
		return err
	}
	if d.Accounts.NameTaken(name) {
		return controller.Invalid{"name": {"belongs to an account: log in to use it"}}
	}
	tok, err := d.Tokens.Sign(guestSalt, name)
	if err != nil {
		return err
	}
	return controller.JSON(w, http.StatusCreated, data(map[string]string{"token": tok, "name": name}))
}

// invite lets somebody in a private room ask somebody else in.
func (d Deps) invite(w http.ResponseWriter, r *http.Request) error {
	guest, err := nameOf(r)
	if err != nil {
		return err
	}
	p, _ := plug.CurrentUser[Person](r)
	switch err := d.Chat.Invite(r.PathValue("room"), p.Name, guest); {
	case errors.Is(err, chat.ErrUnauthorized):
		return &controller.Error{Status: http.StatusForbidden, Detail: "Only guests of the room may invite.", Err: err}
	case err != nil:
		return controller.Invalid{"room": {err.Error()}}
	}
	return controller.NoContent(w)
}

func nameOf(r *http.Request) (string, error) {
	var in struct {
		Name string `param:"name"`
	}
	if err := param.Bind(param.Of(r), &in); err != nil {
		return "", err
	}
	name, err := chat.CheckName(in.Name)
	if err != nil {
		return "", controller.Invalid{"name": {err.Error()}}
	}
	return name, nil
}

// data is the shape of an answer that is no error.
func data(v any) map[string]any { return map[string]any{"data": v} }
