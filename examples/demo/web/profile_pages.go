package web

import (
	"errors"
	"net/http"

	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/examples/demo/accounts"
	"github.com/bennu-go/bennu/examples/demo/chat"
	"github.com/bennu-go/bennu/examples/demo/web/paths"
	"github.com/bennu-go/bennu/internal/codec"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/session"
)

func (d Deps) profilePage(w http.ResponseWriter, r *http.Request) error {
	return show(w, r, http.StatusOK, "profile", viewOf(r, "Your profile"))
}

// uploadAvatar keeps a picture in place of the one before.
func (d Deps) uploadAvatar(w http.ResponseWriter, r *http.Request) error {
	p, _ := plug.CurrentUser[Person](r)
	name, err := d.storeAvatar(p.User, param.Of(r))
	var bad accounts.Invalid
	switch {
	case errors.As(err, &bad):
		v := viewOf(r, "Your profile")
		v.Errors = bad
		return show(w, r, http.StatusUnprocessableEntity, "profile", v)
	case err != nil:
		return err
	}
	old, err := d.Accounts.SetAvatar(p.User.ID, name)
	if err != nil {
		return err
	}
	if old != "" && old != name {
		if err := d.Avatars.Remove(old); err != nil {
			return err
		}
	}
	session.PutFlash(r, "info", "Your picture is up to date.")
	return controller.Redirect(w, r, paths.Profile())
}

func (d Deps) storeAvatar(u accounts.User, params param.Map) (string, error) {
	upload, err := params.File("avatar")
	if err != nil {
		return "", accounts.Invalid{"avatar": {"choose a picture first"}}
	}
	f, err := upload.Open()
	if err != nil {
		return "", err
	}
	defer f.Close()
	return d.Avatars.Store(u.ID, f)
}

// downloadData sends all that the demo keeps of a user.
func (d Deps) downloadData(w http.ResponseWriter, r *http.Request) error {
	p, _ := plug.CurrentUser[Person](r)
	content, err := codec.Marshal(struct {
		User     shownUser                 `json:"user"`
		Messages map[string][]chat.Message `json:"messages"`
	}{userJSON(p.User, p.User), d.Chat.MessagesOf(p.Name)})
	if err != nil {
		return err
	}
	return controller.SendDownload(w, r, controller.Download{Name: p.Name + ".json", Bytes: content})
}
