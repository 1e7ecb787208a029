// Package web is the demo's edge: a JSON API that hands out tokens, and the socket that takes them.
package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/examples/demo/chat"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/presence"
	"github.com/bennu-go/bennu/token"
)

const (
	tokenSalt = "user socket"
	tokenAge  = 24 * time.Hour
)

// Deps is what the edge needs.
type Deps struct {
	Chat   *chat.Chat
	Online *presence.Presence[Seat]
	Tokens *token.Tokens
}

// createSession gives a token to whoever says a name.
func (d Deps) createSession(w http.ResponseWriter, r *http.Request) error {
	name, err := nameOf(r)
	if err != nil {
		return err
	}
	tok, err := d.Tokens.Sign(tokenSalt, name)
	if err != nil {
		return err
	}
	return controller.JSON(w, http.StatusCreated, map[string]any{"data": map[string]string{"token": tok, "name": name}})
}

// invite lets a guest of a room ask somebody else in.
func (d Deps) invite(w http.ResponseWriter, r *http.Request) error {
	guest, err := nameOf(r)
	if err != nil {
		return err
	}
	user, _ := plug.CurrentUser[User](r)
	switch err := d.Chat.Invite(r.PathValue("room"), user.Name, guest); {
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

// user is who a token was given to.
func (d Deps) user(tok string) (string, error) {
	return token.Verify[string](d.Tokens, tokenSalt, tok, tokenAge)
}

// verify is user for the API.
func (d Deps) verify(_ context.Context, tok string) (User, error) {
	name, err := d.user(tok)
	return User{Name: name}, err
}
