package web

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/examples/demo/accounts"
	"github.com/bennu-go/bennu/examples/demo/web/paths"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
)

// shownUser is a user as the API shows one. Only they themselves see their address.
type shownUser struct {
	ID         int64     `json:"id"`
	Name       string    `json:"name"`
	Email      string    `json:"email,omitempty"`
	Avatar     *string   `json:"avatar"`
	InsertedAt time.Time `json:"inserted_at"`
}

func userJSON(u, viewer accounts.User) shownUser {
	shown := shownUser{ID: u.ID, Name: u.Name, InsertedAt: u.InsertedAt}
	if u.ID == viewer.ID {
		shown.Email = u.Email
	}
	if u.Avatar != "" {
		path := avatarPath(u)
		shown.Avatar = &path
	}
	return shown
}

// listUsers answers with one page: ?page[number]=2&page[size]=50.
func (d Deps) listUsers(w http.ResponseWriter, r *http.Request) error {
	p, err := pageOf(r)
	if err != nil {
		return err
	}
	users, total := d.Accounts.List(p.number, p.size)
	viewer, _ := plug.CurrentUser[Person](r)
	shown := make([]shownUser, len(users))
	for i, u := range users {
		shown[i] = userJSON(u, viewer.User)
	}
	return controller.JSON(w, http.StatusOK, map[string]any{
		"data": shown, "links": p.links(paths.V1Users, total), "meta": map[string]int{"total": total, "pages": p.last(total)},
	})
}

func (d Deps) showUser(w http.ResponseWriter, r *http.Request) error {
	u, err := d.userOf(r)
	if err != nil {
		return err
	}
	viewer, _ := plug.CurrentUser[Person](r)
	return controller.JSONIfChanged(w, r, data(userJSON(u, viewer.User)))
}

func (d Deps) createUser(w http.ResponseWriter, r *http.Request) error {
	var in accounts.Registration
	if err := param.Bind(param.Get(r, "user"), &in); err != nil {
		return err
	}
	u, err := d.Accounts.Register(r.Context(), in)
	if err != nil {
		return err
	}
	return controller.Created(w, paths.V1User(u.ID), data(userJSON(u, u)))
}

func (d Deps) updateUser(w http.ResponseWriter, r *http.Request) error {
	me, err := d.own(r)
	if err != nil {
		return err
	}
	var in accounts.Change
	if err := param.Bind(param.Get(r, "user"), &in); err != nil {
		return err
	}
	u, err := d.Accounts.Update(r.Context(), me.User.ID, in, me.Token)
	if err != nil {
		return notFound(err)
	}
	return controller.JSON(w, http.StatusOK, data(userJSON(u, u)))
}

func (d Deps) deleteUser(w http.ResponseWriter, r *http.Request) error {
	me, err := d.own(r)
	if err != nil {
		return err
	}
	u, err := d.Accounts.Delete(me.User.ID)
	if err != nil {
		return notFound(err)
	}
	if u.Avatar != "" {
		if err := d.Avatars.Remove(u.Avatar); err != nil {
			return err
		}
	}
	return controller.NoContent(w)
}

// own is the user of the request's path, if it is they who make it.
func (d Deps) own(r *http.Request) (Person, error) {
	u, err := d.userOf(r)
	if err != nil {
		return Person{}, err
	}
	me, _ := plug.CurrentUser[Person](r)
	if me.User.ID != u.ID {
		return Person{}, &controller.Error{Status: http.StatusForbidden, Detail: "Only users themselves may change their account."}
	}
	return me, nil
}

// userOf is the user of the request's path.
func (d Deps) userOf(r *http.Request) (accounts.User, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return accounts.User{}, controller.ErrNotFound
	}
	u, err := d.Accounts.Get(id)
	return u, notFound(err)
}

func notFound(err error) error {
	if errors.Is(err, accounts.ErrNotFound) {
		return fmt.Errorf("%w: %w", controller.ErrNotFound, err)
	}
	return err
}
