// Package pages is the code of the guide on controllers: actions, and what they answer with.
package pages

import (
	"context"
	"encoding/csv"
	"fmt"
	"html/template"
	"io"
	"net/http"

	"time"

	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/session"
)

// Room is what the pages are about.
type Room struct {
	ID, Name string
	Changed  time.Time
}

// Chat is the context that the controller stands on: it knows nothing of requests.
type Chat interface {
	Room(id string) (Room, error)
	Rename(id, name string) (Room, error)
	SetPhoto(id string, photo io.Reader) error
	Photo(id string) ([]byte, error)
	Export(id string, line func(from, body string) error) error
}

// Rooms is a controller: actions are its methods.
type Rooms struct{ chat Chat }

// Routes of the controller.
func Routes(chat Chat, sessions session.Store) *router.Router {
	rooms := Rooms{chat}
	browser := router.Pipeline{Name: "browser", Plugs: []plug.Plug{
		plug.Accepts("html", "json", "csv"),
		session.Load(sessions),
		session.FetchFlash(),
		plug.ProtectFromForgery(plug.CSRFConfig{}),
		controller.PutRootLayout(root),
	}}
	return router.New(func(r *router.Scope) {
		r.Fallback(controller.Fallback(controller.FallbackConfig{}))
		r.Scope("/", browser, func(r *router.Scope) {
			r.Resources("/rooms", router.Resource{Show: rooms.show, Update: rooms.update}, func(r *router.Scope) {
				r.Resources("/photo", router.Resource{Singleton: true, Show: rooms.photo, Update: rooms.setPhoto})
				r.Get("/export", rooms.export)
				r.Get("/clock", rooms.clock)
			})
		})
	})
}

func (c Rooms) show(w http.ResponseWriter, r *http.Request) error {
	room, err := c.chat.Room(r.PathValue("id"))
	if err != nil {
		return err
	}
	return controller.Render(w, r, http.StatusOK, roomView, room)
}

func (c Rooms) update(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name string `param:"name,required"`
	}
	if err := param.Bind(param.Get(r, "room"), &in); err != nil {
		return err
	}
	room, err := c.chat.Rename(r.PathValue("id"), in.Name)
	if err != nil {
		return err
	}
	session.PutFlash(r, "info", "The room is now called "+room.Name+".")
	return controller.RedirectStatus(w, r, http.StatusSeeOther, "/rooms/"+router.Segment(room.ID))
}

func (c Rooms) setPhoto(w http.ResponseWriter, r *http.Request) error {
	upload, err := param.Of(r).File("photo")
	if err != nil {
		return err
	}
	f, err := upload.Open() // a temporary file, gone after the answer
	if err != nil {
		return err
	}
	defer f.Close()
	if err := c.chat.SetPhoto(r.PathValue("room_id"), f); err != nil {
		return err
	}
	return controller.NoContent(w)
}

func (c Rooms) photo(w http.ResponseWriter, r *http.Request) error {
	photo, err := c.chat.Photo(r.PathValue("room_id"))
	if err != nil {
		return err
	}
	return controller.SendDownload(w, r, controller.Download{Name: "photo.png", Bytes: photo, Inline: true})
}

func (c Rooms) export(w http.ResponseWriter, r *http.Request) error {
	return controller.Stream(w, r, http.StatusOK, "text/csv; charset=utf-8", func(w io.Writer) error {
		lines := csv.NewWriter(w)
		err := c.chat.Export(r.PathValue("room_id"), func(from, body string) error { return lines.Write([]string{from, body}) })
		lines.Flush()
		return err
	})
}

func (c Rooms) clock(w http.ResponseWriter, r *http.Request) error {
	return controller.EventStream(w, r, func(s *controller.Events) error {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-s.Done():
				return nil
			case now := <-tick.C:
				if err := s.SendJSON("tick", now.Unix()); err != nil {
					return err
				}
			}
		}
	})
}

// roomView is a room in every format that there is.
var roomView = controller.View[Room]{
	HTML: func(r *http.Request, room Room) controller.Component {
		return controller.Template(pages, "room", map[string]any{"Room": room, "Info": session.Flash(r)["info"], "Token": plug.CSRFToken(r)})
	},
	JSON: func(_ *http.Request, room Room) any {
		return map[string]any{"data": map[string]string{"id": room.ID, "name": room.Name}}
	},
	Other: map[string]func(io.Writer, *http.Request, Room) error{
		"csv": func(w io.Writer, _ *http.Request, room Room) error {
			_, err := fmt.Fprintf(w, "%s,%s\n", room.ID, room.Name)
			return err
		},
	},
}

// root is around every page.
func root(r *http.Request, inner controller.Component) controller.Component {
	return controller.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		io.WriteString(w, "<!DOCTYPE html>\n<title>Chat</title>\n")
		return inner.Render(ctx, w)
	})
}

var pages = template.Must(template.New("").Parse(`
{{define "room"}}{{with .Info}}<p role="status">{{.}}</p>{{end}}
<h1>{{.Room.Name}}</h1>
<form method="post" action="/rooms/{{.Room.ID}}">
	<input type="hidden" name="_csrf_token" value="{{.Token}}"> <input type="hidden" name="_method" value="put">
	<input name="room[name]" value="{{.Room.Name}}"> <button>Rename</button>
</form>{{end}}`))
